"""How fast a run goes, how long it still takes, and what it counts. Plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from django.utils.functional import _StrOrPromise

# What runs and lists count, in words.
UNITS: dict[str, _StrOrPromise] = {
    "rows": _("rows"),
    "members": _("people"),
    "people": _("people"),
    "rooms": _("rooms"),
    "deliveries": _("rooms"),
    "orders": _("orders"),
    "dealers": _("dealers"),
    "tags": pgettext_lazy("unit", "tags"),
    "segments": _("segments"),
    "imports": _("imports"),
    "communities": _("communities"),
    "events": pgettext_lazy("unit", "events"),
    "registrations": pgettext_lazy("unit", "registrations"),
    "rules": _("rules"),
    "runs": _("runs"),
    "broadcasts": _("broadcasts"),
    "steps": _("steps"),
}
# How a run that was turned down is told; anything else in its result is not.
TOLD_AS = frozenset({"refused", "lapsed"})
# A rate taken over less says more about the clock than about the work.
SHORTEST_MEASURED = 2.0


@dataclass(frozen=True, slots=True)
class Pace:
    """``rate`` per second and seconds ``remaining``; None where it cannot be known yet."""

    rate: float | None = None
    remaining: float | None = None


def pace(*, done: int, total: int | None, stint_done: int, working: timedelta | None) -> Pace:
    """Return the pace of the present stint: pauses and waiting do not slow it down."""
    seconds = working.total_seconds() if working is not None else 0.0
    moved = done - stint_done
    if seconds < SHORTEST_MEASURED or moved <= 0:
        return Pace()
    rate = moved / seconds
    return Pace(rate, (total - done) / rate if total is not None else None)


def worked(*, since: datetime | None, until: datetime | None) -> timedelta | None:
    """Return how long a stint lasted, where both ends are known."""
    return until - since if since is not None and until is not None else None
