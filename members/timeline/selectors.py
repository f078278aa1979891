from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import datetime, time
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from django.db.models import Model, Q
from django.utils import timezone

from members.timeline import ports
from members.timeline.rules import MOST, Before, Position

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from django.db.models import QuerySet

    from core.kernel.access import Viewer
    from members.profiles.models import Member
    from members.timeline.ports import Entry

R = TypeVar("R", bound=Model)
PAGE, MOST_AT_ONCE = 20, 100


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, the newest first; ``older`` is the next page's cursor, empty at the end."""

    entries: list[Entry]
    older: str = ""


def place_of(entry: Entry) -> Position:
    """Return where an entry stands among those of all kinds."""
    return Position(entry.at, entry.kind, entry.key)


def page_of(
    *,
    member: Member,
    viewer: Viewer,
    kinds: Collection[str] = (),
    before: Position | None = None,
    limit: int = PAGE,
) -> Page:
    """Return the newest entries before a position, of the kinds named or of all.

    Each kind is asked once for no more than a page, whatever lies behind it.
    """
    streams = [
        source.load(
            member=member,
            viewer=viewer,
            before=before.seen_by(kind) if before else Before(),
            limit=limit + 1,
        )
        for kind, source in ports.sources_for(viewer).items()
        if not kinds or kind in kinds
    ]
    merged = list(islice(heapq.merge(*streams, key=place_of, reverse=True), limit + 1))
    entries = merged[:limit]
    return Page(entries, place_of(entries[-1]).as_cursor() if len(merged) > limit else "")


def rows_before(*, rows: QuerySet[R], at: str, before: Before, limit: int) -> list[R]:
    """Return the newest rows of a source's table before a place, by the column ``at`` and the key.

    An index that ends in both, falling, is read for no more than ``limit`` rows.
    """
    past = Q(**{f"{at}__lt": before.at}) | Q(**{at: before.at, "pk__lt": before.key})
    # The first half alone is what lets an index find the start.
    found = rows.filter(Q(**{f"{at}__lte": before.at}) & past)
    return list(found.order_by(f"-{at}", "-pk")[:limit])


def rows_of_days_before(*, rows: QuerySet[R], on: str, before: Before, limit: int) -> list[R]:
    """Return the same for a table that knows only the day, in the column ``on``.

    Its entries stand at ``start_of`` their day.
    """
    day = timezone.localdate(before.at, timezone.get_default_timezone())
    key = before.key if before.at == start_of(day) else MOST
    past = Q(**{f"{on}__lt": day}) | Q(**{on: day, "pk__lt": key})
    found = rows.filter(Q(**{f"{on}__lte": day}) & past)
    return list(found.order_by(f"-{on}", "-pk")[:limit])


def start_of(day: date) -> datetime:
    """Return the moment at which a day began that stands for all that is known: the day."""
    return timezone.make_aware(datetime.combine(day, time.min), timezone.get_default_timezone())
