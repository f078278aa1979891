"""The timeline as its card shows it: kinds to choose, days, the way to what is older."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.kernel import formats
from members.timeline import ports, rules, selectors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.kernel.access import Viewer
    from members.profiles.models import Member
    from members.timeline.ports import Entry, TimelineSource

YESTERDAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Chip:
    """A kind to choose, or all of them: where choosing it, or not any more, leads."""

    label: str
    icon: str
    page: str
    part: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class Line:
    """An entry with its kind in words."""

    entry: Entry
    label: str
    icon: str


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on one day; without a label where the page before began it already."""

    day: date
    label: str
    lines: list[Line]


def kinds_of(text: str, sources: Mapping[str, TimelineSource]) -> list[str]:
    """Return the kinds that an address names, in the order in which they are offered."""
    named = set(text.split(","))
    return [kind for kind in sources if kind in named]


def timeline_of(
    *, member: Member, viewer: Viewer, now: datetime, query: Mapping[str, str]
) -> dict[str, Any]:
    """Return the context of the timeline, or of its page after ``before``.

    Raises:
        BadCursor: the address names a place that no timeline gave out.
    """
    sources = ports.sources_for(viewer)
    kinds, cursor = kinds_of(query.get("kinds", ""), sources), query.get("before", "")
    before = rules.position_of(cursor) if cursor else None
    page = selectors.page_of(member=member, viewer=viewer, kinds=kinds, before=before)
    begun = localdate(before.at) if before else None
    return {
        "member": member,
        "chips": _chips(member, sources, kinds),
        "days": days_of(page.entries, sources, now, begun),
        "older": _addresses(member, kinds, page.older) if page.older else None,
        "newest": _addresses(member, kinds) if before else None,
        "is_narrowed": bool(kinds),
        "page_id": cursor or "newest",
    }


def days_of(
    entries: Sequence[Entry],
    sources: Mapping[str, TimelineSource],
    now: datetime,
    begun: date | None = None,
) -> list[Day]:
    """Return entries by the day on which they happened."""
    return [
        Day(
            day,
            "" if day == begun else _label(day, now),
            [Line(one, str(sources[one.kind].label), sources[one.kind].icon) for one in each],
        )
        for day, each in groupby(entries, key=lambda one: localdate(one.at))
    ]


def _label(day: date, now: datetime) -> str:
    if day == localdate(now):
        return pgettext("day", "Today")
    if day == localdate(now - YESTERDAY):
        return pgettext("day", "Yesterday")
    return formats.on_day(selectors.start_of(day), now)


def _chips(
    member: Member, sources: Mapping[str, TimelineSource], kinds: Sequence[str]
) -> list[Chip]:
    chips = [Chip(_("Everything"), "list", *_addresses(member, ()), is_on=not kinds)]
    for kind, source in sources.items():
        others = [each for each in sources if (each in kinds) != (each == kind)]
        addresses = _addresses(member, others)
        chips.append(Chip(str(source.label), source.icon, *addresses, is_on=kind in kinds))
    return chips


def _addresses(member: Member, kinds: Sequence[str], before: str = "") -> tuple[str, str]:
    """Return where a choice is found: on the member's page, and as a part of it."""
    named = {"kinds": ",".join(kinds), "before": before}
    query = urlencode({name: text for name, text in named.items() if text}, doseq=False)
    places = ("members:members-detail", "members:timeline")
    page, part = (reverse(place, args=[member.pk]) for place in places)
    return (f"{page}?{query}", f"{part}?{query}") if query else (page, part)
