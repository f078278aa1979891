"""waiting → running → done, or withdrawn while it waits; and the searches through plain texts."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel.access import Permission, system_viewer
from core.kernel.errors import DomainError, Forbidden, InvalidInput
from core.runs import services as runs
from core.runs.models import Run
from members.erasure import journal, notes, selectors
from members.erasure.models import Erasure, ErasurePolicy
from members.erasure.ports import Search, Searching, kin_of
from members.erasure.rules import GONE, MOST_GRACE_DAYS
from members.profiles.models import Member

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.db.models import Model

    from core.kernel.access import Viewer

PER_RUN = 100
# Longer than a person takes who mends a broken run and lets it go on.
TAKEN_UP_AGAIN = timedelta(hours=1)
NOTE_LENGTH = 200
# Ids looked through at once.
STRETCH = 5_000


class AlreadyAsked(DomainError):
    """The member waits for deletion already."""

    code = "erasure_already_asked"


class TooLate(DomainError):
    """The deletion has begun, or was taken back."""

    code = "erasure_too_late"


@transaction.atomic
def request_erasure(
    *, member: Member, typed_name: str, reason: str, note: str, actor: Viewer, now: datetime
) -> Erasure:
    """Have a member deleted for good, once the brand's days of grace are over.

    Raises:
        AlreadyAsked: somebody did so before.
        Forbidden: no role of the actor allows it.
        InvalidInput: ``typed_name`` is not the member's name, or the reason is none.
    """
    actor.require(Permission.MEMBERS_ERASE)
    held = Member.objects.select_for_update(no_key=True).or_gone(pk=member.pk)
    if typed_name.strip() != held.display_name:
        raise InvalidInput.on("/name", _("This is not the name of the member."), "wrong_name")
    if reason not in {Erasure.Reason.ASKED, Erasure.Reason.MISTAKE, Erasure.Reason.LAW}:
        raise InvalidInput.on("/reason", _("Choose a reason."), "unknown_choice")
    if len(note) > NOTE_LENGTH:
        text = _("Write at most %(most)s characters.") % {"most": NOTE_LENGTH}
        raise InvalidInput.on("/note", text, "too_long")
    open_ = [Erasure.State.WAITING, Erasure.State.RUNNING]
    of_member = Erasure.objects.filter(brand_id=held.brand_id, member_id=held.pk)
    if of_member.filter(state__in=open_).exists():
        raise AlreadyAsked(_("The deletion of this member was asked for already."))
    grace = timedelta(days=selectors.grace_days(brand_id=held.brand_id))
    made = _make(held, reason=reason, note=note, due_at=now + grace, actor=actor, now=now)
    audit.record(
        action="erasure.asked", subject=made, actor=actor, now=now, data={"reason": reason}
    )
    if not grace:
        start_due(brand_id=held.brand_id, now=now)
        made.refresh_from_db()
    return made


@transaction.atomic
def withdraw(*, erasure: Erasure, actor: Viewer, now: datetime) -> Erasure:
    """Take a deletion back that has not begun.

    Raises:
        Forbidden: no role of the actor allows it.
        TooLate: it has begun, or was taken back before.
    """
    actor.require(Permission.MEMBERS_ERASE)
    held = Erasure.objects.select_for_update().or_gone(pk=erasure.pk)
    if held.state != Erasure.State.WAITING or held.rows_gone_at is not None:
        raise TooLate(_("The deletion has begun or was taken back before."))
    held.state, held.finished_at, held.note = Erasure.State.WITHDRAWN, now, ""
    held.save()
    _take_back(held, now)
    audit.record(action="erasure.withdrawn", subject=held, actor=actor, now=now)
    return held


@transaction.atomic
def start_due(*, brand_id: int, now: datetime) -> Run | None:
    """Leave a run for the deletions whose time has come, or whose run ended without them."""
    abandoned = Q(
        state=Erasure.State.RUNNING,
        run__state__in=[Run.State.FAILED, Run.State.CANCELLED],
        run__finished_at__lte=now - TAKEN_UP_AGAIN,
    )
    due = Erasure.objects.filter(brand_id=brand_id, due_at__lte=now).filter(
        Q(state=Erasure.State.WAITING) | abandoned
    )
    ids = list(
        due.order_by("due_at", "pk")
        .select_for_update(of=("self",), skip_locked=True)
        .values_list("pk", flat=True)[:PER_RUN]
    )
    if not ids:
        return None
    run = runs.start_run(
        kind=selectors.KIND,
        title=_("Deletion of members"),
        params={},
        unit="people",
        total=len(ids),
        actor=system_viewer(brand_id),
        now=now,
    )
    Erasure.objects.filter(pk__in=ids).update(state=Erasure.State.RUNNING, run=run)
    return run


@transaction.atomic
def change_grace(*, days: int, actor: Viewer, now: datetime) -> ErasurePolicy:
    """Let deletions of the brand wait for so many days; those that wait keep their time.

    Raises:
        Forbidden: no role of the actor allows it, or they do not see the whole brand.
        InvalidInput: more than a week, or less than nothing.
    """
    actor.require(Permission.MEMBERS_ERASE)
    if not actor.is_brand_wide:
        raise Forbidden(_("Only who sees the whole brand may change its rules."))
    if not 0 <= days <= MOST_GRACE_DAYS:
        text = _("Choose 0 to %(most)s days.") % {"most": MOST_GRACE_DAYS}
        raise InvalidInput.on("/grace_days", text)
    policy, _is_new = ErasurePolicy.objects.update_or_create(
        brand_id=actor.brand_id, defaults={"grace_days": days}
    )
    data = {"days": days}
    audit.record(action="erasure_policy.changed", subject=policy, actor=actor, now=now, data=data)
    return policy


@transaction.atomic
def reapply(*, brand_id: int, now: datetime) -> list[int]:
    """Have everybody deleted again whom a restored backup brought back; return their numbers.

    The journal outside the database tells who was deleted. A number that somebody else got since
    does not bear the same mark.
    """
    marks: dict[int, set[bytes]] = {}  # A number may have been two people's, who both went.
    for line in journal.read(brand_id=brand_id):
        marks.setdefault(line.member_id, set()).add(line.mark)
    rows = Member.objects.filter(brand_id=brand_id, pk__in=list(marks))
    back = [member for member in rows.order_by("pk") if _mark(member) in marks[member.pk]]
    known = Erasure.objects.filter(brand_id=brand_id, member_id__in=[m.pk for m in back])
    open_ = set(
        known.filter(state__in=[Erasure.State.WAITING, Erasure.State.RUNNING]).values_list(
            "member_id", flat=True
        )
    )
    known.filter(state=Erasure.State.WAITING).update(due_at=now)
    actor = system_viewer(brand_id)
    for member in back:
        if member.pk not in open_:
            _make(
                member,
                reason=Erasure.Reason.RESTORED,
                note="",
                due_at=now,
                actor=actor,
                now=now,
            )
    while start_due(brand_id=brand_id, now=now) is not None:
        pass
    return [member.pk for member in back]


def _make(
    member: Member, *, reason: str, note: str, due_at: datetime, actor: Viewer, now: datetime
) -> Erasure:
    return Erasure.objects.create(
        brand_id=member.brand_id,
        member_id=member.pk,
        dealer_id=member.home_dealer_id,
        mark=_mark(member),
        reason=reason,
        note=note,
        requested_by_id=actor.staff_id,
        requested_by_label=actor.label,
        requested_at=now,
        due_at=due_at,
    )


def _mark(member: Member) -> bytes:
    return selectors.mark_of(
        brand_id=member.brand_id, member_id=member.pk, created_at=member.created_at
    )


def write_down(
    *, brand_id: int, ids: Sequence[int], kin: Mapping[int, datetime], now: datetime
) -> None:
    """Put members, and those who go along, into the journal before their rows go."""
    journal.append(brand_id=brand_id, lines=_lines(brand_id, ids, kin), now=now)


def _lines(brand_id: int, ids: Sequence[int], kin: Mapping[int, datetime]) -> list[journal.Line]:
    rows = Member.objects.filter(brand_id=brand_id, pk__in=ids).order_by("pk")
    lines = [journal.Line(member.pk, _mark(member)) for member in rows]
    for pk, created_at in sorted(kin.items()):
        mark = selectors.mark_of(brand_id=brand_id, member_id=pk, created_at=created_at)
        lines.append(journal.Line(pk, mark))
    return lines


def _take_back(erasure: Erasure, now: datetime) -> None:
    """Take back what a step wrote into the journal before it broke.

    Before the commit: were this taken back itself, the next step would write the lines again.
    """
    brand_id, ids = erasure.brand_id, [erasure.member_id]
    written = set(journal.read(brand_id=brand_id))
    lines = _lines(brand_id, ids, kin_of(brand_id=brand_id, ids=ids))
    if back := [line for line in lines if line in written]:
        journal.append(brand_id=brand_id, lines=back, now=now, is_withdrawn=True)


def texts_of(
    *,
    model: type[Model],
    columns: tuple[str, ...],
    names: bool = True,
    masks: bool = False,
    of_program: bool = False,
) -> Search:
    """Return the search through texts and JSON values of a table with a column ``id``.

    What gives a person away is taken out of them. Without ``names`` only numbers are looked for:
    in names of things, where a place or a word may be somebody's name too. ``masks`` looks for
    masked phones besides. ``of_program`` spares a program's own words in JSON values.
    """
    how = {"names": names, "masks": masks, "of_program": of_program}
    step = partial(_step, model=model, columns=columns, how=how)
    return Search(model=model, columns=columns, step=step)


def notes_of(
    *,
    model: type[Model],
    columns: tuple[str, ...],
    key: tuple[str, ...] = ("id",),
    owner: str = "member_id",
    changed: notes.Changed | None = None,
) -> Search:
    """Return the search through what people wrote, in rows that belong to other members.

    ``owner`` is the column that names these, ``key`` the columns that name a row of a brand where
    it has no ``id``. ``changed`` is called with the brand, the members whose rows lost something,
    and the time.
    """
    where = notes.Notes(model, columns, key, owner, changed)
    return Search(model=model, columns=columns, step=partial(notes.step, notes=where))


def stretch(*, model: type[Model], searching: Searching, size: int = STRETCH) -> tuple[int, int]:
    """Return the ids between which the next rows of the brand lie; above, and up to."""
    low = int(searching.at or 0)
    some = model._base_manager.filter(brand_id=searching.brand_id, pk__gt=low)
    ids = list(some.order_by("pk").values_list("pk", flat=True)[:size])
    return low, ids[-1] if ids else low


def _step(
    searching: Searching,
    *,
    model: type[Model],
    columns: tuple[str, ...],
    how: Mapping[str, bool],
) -> Any:
    low, high = stretch(model=model, searching=searching)
    pattern = searching.traces.pattern(names=how["names"], masks=how["masks"])
    if low == high or not pattern:
        return None
    for pk in _matching(model, columns, (searching.brand_id, low, high), pattern):
        clean(model=model, pk=pk, columns=columns, searching=searching, **how)
    return high


def _matching(
    model: type[Model], columns: tuple[str, ...], span: tuple[int, int, int], pattern: str
) -> list[int]:
    table = model._meta.db_table
    texts = ", ".join(f'"{column}"::text' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM {table}"  # noqa: S608  (names of our own)
            " WHERE brand_id = %s AND id > %s AND id <= %s"
            f" AND concat_ws(' ', {texts}) ~ %s ORDER BY id FOR NO KEY UPDATE",
            [*span, pattern],
        )
        return [pk for (pk,) in cursor.fetchall()]


def clean(
    *,
    model: type[Model],
    pk: int,
    columns: tuple[str, ...],
    searching: Searching,
    names: bool = True,
    masks: bool = False,
    of_program: bool = False,
) -> None:
    """Take everybody out of the texts of one row."""
    row = model._base_manager.filter(brand_id=searching.brand_id, pk=pk)
    for before in row.values(*columns):
        without = partial(searching.traces.without, names=names, masks=masks, of_program=of_program)
        after = {name: without(before[name]) for name in columns}
        changed = {name: value for name, value in after.items() if value != before[name]}
        if not changed:
            continue
        try:
            with transaction.atomic():
                row.update(**changed)
        except IntegrityError:  # A name that may stand once, and stands already.
            row.update(**{name: _own_name(value, pk) for name, value in changed.items()})


def _own_name(value: Any, pk: int) -> Any:
    return f"{GONE} {pk}" if isinstance(value, str) else value
