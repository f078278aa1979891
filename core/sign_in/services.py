from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from core.audit import services as audit
from core.kernel.errors import InvalidInput, NotFound, Problem
from core.sign_in.rules import ref_of
from core.staff import sessions
from core.staff.models import Staff, StaffSession

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer

ATTEMPTS_KEPT = timedelta(days=90)
# "Seen 5 minutes ago" is exact enough; a write per request is not worth more.
SEEN_EVERY = timedelta(minutes=5)


def remember_origin(
    *, session: Any, staff: Staff, ip_address: str | None, user_agent: str, now: datetime
) -> None:
    """Note at sign-in whence and when; the session engine copies it onto its row."""
    session[sessions.IP_ADDRESS] = ip_address
    session[sessions.USER_AGENT] = user_agent[:200]
    session[sessions.SIGNED_IN_AT] = now.isoformat()
    session[sessions.MUST_CHANGE_PASSWORD] = staff.must_change_password


def note_seen(*, session: Any, now: datetime) -> None:
    """Keep ``seen_at`` fresh, at most once in ``SEEN_EVERY``."""
    seen_at = getattr(session, "seen_at", None)
    if seen_at is not None and now - seen_at > SEEN_EVERY:
        StaffSession.objects.filter(session_key=session.session_key).update(seen_at=now)


@transaction.atomic
def end_session(*, staff: Staff, ref: str, actor: Viewer, now: datetime) -> None:
    """Sign one browser of ``staff`` out.

    Raises:
        NotFound: no living session of theirs goes by this name.
    """
    keys = StaffSession.objects.filter(staff_id=staff.pk).values_list("session_key", flat=True)
    key = next((key for key in keys if ref_of(key) == ref), None)
    if key is None:
        raise NotFound
    StaffSession.objects.filter(session_key=key).delete()
    audit.record(action="staff.session_ended", subject=staff, actor=actor, now=now)


@transaction.atomic
def end_sessions(*, staff: Staff, actor: Viewer, now: datetime, keep_key: str | None = None) -> int:
    """Sign every browser of ``staff`` out, but for the one named; return how many."""
    rows = StaffSession.objects.filter(staff_id=staff.pk)
    count, _by_model = rows.exclude(session_key=keep_key or "").delete()
    if count:
        audit.record(
            action="staff.sessions_ended",
            subject=staff,
            actor=actor,
            now=now,
            data={"count": count},
        )
    return count


def clear_expired(*, now: datetime) -> int:
    """Delete sessions that have run out, and old attempts to sign in; return how many sessions."""
    for model in (AccessAttempt, AccessFailureLog, AccessLog):
        model.objects.filter(attempt_time__lt=now - ATTEMPTS_KEPT).delete()
    return StaffSession.objects.filter(expire_date__lt=now).delete()[0]


@transaction.atomic
def change_own_password(
    *, staff: Staff, password: str, current_key: str | None, actor: Viewer, now: datetime
) -> None:
    """Set a new password and sign all other browsers out. The caller has checked the old one.

    Raises:
        InvalidInput: the password is too easy to guess.
    """
    try:
        validate_password(password, staff)
    except ValidationError as error:
        problems = tuple(Problem("/new_password", "weak", text) for text in error.messages)
        raise InvalidInput(error.messages[0], problems=problems) from error
    staff.set_password(password)
    staff.must_change_password = False
    staff.save(update_fields=["password", "must_change_password"])
    audit.record(action="staff.password_changed", subject=staff, actor=actor, now=now)
    end_sessions(staff=staff, keep_key=current_key, actor=actor, now=now)


def choose_language(*, staff: Staff, language: str) -> None:
    """Remember the language in which a person wants the console; ``""`` leaves it to the browser.

    A taste, not a change of state: no audit.
    """
    Staff.objects.filter(pk=staff.pk).update(language=language)
