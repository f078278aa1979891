from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.db.models import Max

from core.sign_in import rules
from core.staff.models import StaffSession

if TYPE_CHECKING:
    from datetime import datetime, timedelta

MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A signed-in browser as its owner sees it. ``ref`` names it without giving it away."""

    ref: str
    device: str
    is_phone: bool
    ip_address: str | None
    signed_in_at: datetime
    seen_at: datetime
    is_current: bool


def sessions_of(*, staff_id: int, current_key: str | None, now: datetime) -> list[SignedIn]:
    """Return a person's living sessions, the present one first, then by when they were seen."""
    rows = StaffSession.objects.filter(staff_id=staff_id, expire_date__gt=now)
    found = [
        SignedIn(
            ref=rules.ref_of(row.session_key),
            device=rules.device_of(row.user_agent),
            is_phone=rules.is_phone(row.user_agent),
            ip_address=row.ip_address,
            signed_in_at=row.created_at,
            seen_at=row.seen_at,
            is_current=row.session_key == current_key,
        )
        for row in rows.order_by("-seen_at")[:MOST_SHOWN]
    ]
    return sorted(found, key=lambda session: not session.is_current)


def waiting_time(*, username: str, ip_address: str | None, now: datetime) -> timedelta:
    """Return how long a locked-out name must wait at this address."""
    attempts = AccessAttempt.objects.filter(username=username, ip_address=ip_address)
    last = attempts.aggregate(last=Max("attempt_time"))["last"]
    cool_off: timedelta = get_cool_off()
    return max(cool_off * 0, (last or now) + cool_off - now)
