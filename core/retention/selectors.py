from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from django.utils.timezone import get_default_timezone, localdate

from core.retention.models import RetentionRule
from core.retention.ports import kinds

if TYPE_CHECKING:
    from core.retention.ports import Retained

COUNT_TO = 10_001


@dataclass(frozen=True, slots=True)
class Line:
    """One kind with the brand's rule, and what the coming night would empty."""

    kind: str
    retained: Retained
    days: int
    before: datetime
    due: int

    @property
    def is_more(self) -> bool:
        """Whether counting stopped before the end."""
        return self.due >= COUNT_TO


def days_of(*, brand_id: int) -> dict[str, int]:
    """Return the days of every kind: the brand's rule, else the default."""
    ruled = dict(RetentionRule.objects.filter(brand_id=brand_id).values_list("kind", "days"))
    return {kind: ruled.get(kind, retained.days) for kind, retained in kinds().items()}


def lifetime_of(*, brand_id: int, kind: str) -> timedelta:
    """Return how long something of a kind that is written now may be kept."""
    return timedelta(days=days_of(brand_id=brand_id)[kind])


def before_of(*, days: int, now: datetime) -> datetime:
    """Return the midnight before which things are too old."""
    day = localdate(now) - timedelta(days=days)
    return datetime.combine(day, time(), get_default_timezone())


def lines(*, brand_id: int, now: datetime) -> list[Line]:
    """Return what would go tonight; nothing is changed."""
    days, found = days_of(brand_id=brand_id), []
    for kind, retained in kinds().items():
        before = before_of(days=days[kind], now=now)
        due = retained.purger.due(brand_id=brand_id, before=before, most=COUNT_TO)
        found.append(Line(kind, retained, days[kind], before, due))
    return found
