"""Which stage a member belongs in: a function of facts, terms and the moment.

A stage once reached is not taken back: whoever is mature stays so until they fall silent. Silence
leads to dormant and then to lost, from anywhere; a sign of life leads back to the stage before.

What somebody set by hand, or a file said, stands until something happens after it: a delivery, an
order, an activity. Only silence ends it too, counted from that day on: that somebody dealt with a
member is a sign of life in itself.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from core.kernel.errors import Problem

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.utils.functional import _StrOrPromise

ZONE_NAME = "Asia/Shanghai"  # a day begins where the brands are
ZONE = ZoneInfo(ZONE_NAME)

PROSPECT, INTRODUCTION, GROWTH, MATURE = "prospect", "introduction", "growth", "mature"
DORMANT, LOST = "dormant", "lost"
CLIMB = (PROSPECT, INTRODUCTION, GROWTH, MATURE)  # in the order in which they are reached
SILENT = (DORMANT, LOST)
STAGES = (*CLIMB, *SILENT)

MOST_DAYS, MOST_ORDERS = 3650, 1000


class Reason(StrEnum):
    """Why a member changed stage."""

    DELIVERED = "delivered"
    INTRODUCTION_OVER = "grown"
    MATURED = "matured"
    DORMANT = "dormant"
    LOST = "lost"
    BACK = "back"
    MANUAL = "manual"
    IMPORT = "import"


# What a person or a file said, which the rules respect.
SAID = (Reason.MANUAL, Reason.IMPORT)
WORDS: dict[Reason, _StrOrPromise] = {
    Reason.DELIVERED: _("took delivery of a car within the last %(introduction_days)s days"),
    Reason.INTRODUCTION_OVER: _("had the car for more than %(introduction_days)s days"),
    Reason.MATURED: _(
        "had the car for at least %(mature_days)s days and at least %(mature_orders)s orders"
    ),
    Reason.DORMANT: _("gave no sign of life for %(dormant_days)s days"),
    Reason.LOST: _("gave no sign of life for %(lost_days)s days"),
    Reason.BACK: _("gave a sign of life and is back where they were before"),
    Reason.MANUAL: _("changed by hand"),
    Reason.IMPORT: _("a file said so"),
}
LABELS: dict[Reason, _StrOrPromise] = {
    Reason.DELIVERED: _("Took delivery"),
    Reason.INTRODUCTION_OVER: _("Introduction over"),
    Reason.MATURED: _("Matured"),
    Reason.DORMANT: _("Silent"),
    Reason.LOST: _("Silent for long"),
    Reason.BACK: _("Active again"),
    Reason.MANUAL: _("By hand"),
    Reason.IMPORT: _("File"),
}
BY_TARGET = {
    INTRODUCTION: Reason.DELIVERED,
    GROWTH: Reason.INTRODUCTION_OVER,
    MATURE: Reason.MATURED,
    DORMANT: Reason.DORMANT,
    LOST: Reason.LOST,
}


@dataclass(frozen=True, slots=True)
class Terms:
    """The numbers of the rules, which a brand may change."""

    introduction_days: int = 90
    mature_days: int = 365
    mature_orders: int = 2
    dormant_days: int = 90
    lost_days: int = 180

    def as_dict(self) -> dict[str, int]:
        """Return the numbers by name."""
        return asdict(self)


# Name of a term → smallest and largest value.
LIMITS = {
    "introduction_days": (1, MOST_DAYS),
    "mature_days": (2, MOST_DAYS),
    "mature_orders": (0, MOST_ORDERS),
    "dormant_days": (1, MOST_DAYS),
    "lost_days": (2, MOST_DAYS),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a member.

    ``last_sign`` is the newest of: taken in, active, an order, a delivery. ``said_at`` is when a
    person or a file last set the stage, if one did; ``is_held`` tells that nothing has moved the
    member since. ``stage_before`` is where a silent member was before falling silent, where that
    is known.
    """

    stage: str
    first_delivery: date | None
    orders: int
    last_sign: datetime
    said_at: datetime | None = None
    is_held: bool = False
    stage_before: str | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """Where to, and why."""

    to_stage: str
    reason: Reason


def next_move(facts: Facts, terms: Terms, now: datetime) -> Move | None:
    """Return the one step that is due now, or None."""
    target = _target(facts, terms, now)
    return None if target == facts.stage else Move(target, reason_of(facts.stage, target))


def reason_of(from_stage: str, to_stage: str) -> Reason:
    """Return why the rules go this way."""
    if from_stage in SILENT and to_stage in CLIMB:
        return Reason.BACK
    return BY_TARGET[to_stage]


def _target(facts: Facts, terms: Terms, now: datetime) -> str:
    newest = max(facts.last_sign, facts.said_at or facts.last_sign)
    silent = (day_of(now) - day_of(newest)).days
    if silent >= terms.lost_days:
        return LOST
    if silent >= terms.dormant_days:
        return facts.stage if facts.stage in SILENT else DORMANT
    if facts.is_held and facts.said_at is not None and facts.last_sign <= facts.said_at:
        return facts.stage
    reached = stage_reached(facts, terms, now)
    if facts.stage in SILENT:
        return facts.stage_before or reached
    return max(facts.stage, reached, key=CLIMB.index)


def stage_reached(facts: Facts, terms: Terms, now: datetime) -> str:
    """Return how far a member has come by car and orders, whatever they did lately."""
    if facts.first_delivery is None:
        return PROSPECT
    days = (day_of(now) - facts.first_delivery).days
    if days <= terms.introduction_days:
        return INTRODUCTION
    if days >= terms.mature_days and facts.orders >= terms.mature_orders:
        return MATURE
    return GROWTH


def day_of(moment: datetime) -> date:
    """Return the day on which a moment falls."""
    return moment.astimezone(ZONE).date()


def in_words(reason: str, terms: Terms) -> str:
    """Return why somebody changed stage, with the numbers of the rules of that time."""
    return str(WORDS[Reason(reason)]) % terms.as_dict()


def problems_of(terms: Terms) -> list[Problem]:
    """Return what is wrong with the numbers, by field; empty when they fit together."""
    found = []
    for name, (low, high) in LIMITS.items():
        if not low <= getattr(terms, name) <= high:
            detail = _("Enter a number from %(low)s to %(high)s.") % {"low": low, "high": high}
            found.append(Problem(f"/{name}", "out_of_range", str(detail)))
    if terms.lost_days <= terms.dormant_days:
        text = _("Somebody is lost later than dormant: enter more than %(days)s days.")
        detail = text % {"days": terms.dormant_days}
        found.append(Problem("/lost_days", "not_after_dormant", str(detail)))
    if terms.mature_days <= terms.introduction_days:
        text = _("Maturity comes after the introduction: enter more than %(days)s days.")
        detail = text % {"days": terms.introduction_days}
        found.append(Problem("/mature_days", "not_after_introduction", str(detail)))
    return found
