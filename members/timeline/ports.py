"""How a concept tells what happened to a member.

A source answers one page of one kind of entries through an index of its own table. Nothing above
``members`` has to be known here: communities and whoever comes later register their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from django.utils.functional import _StrOrPromise

    from core.kernel.access import Permission, Viewer
    from members.profiles.models import Member
    from members.timeline.rules import Before


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened.

    ``what`` names it for programs, such as ``order.placed``, and ``data`` the rows it is about;
    ``text`` and ``detail`` say it to people, in the reader's language. Of a kind, no two entries
    have the same ``at`` and ``key``. ``is_day`` tells that only the day is known.
    """

    at: datetime
    kind: str
    key: int
    what: str
    text: str
    detail: str = ""
    url: str = ""
    by: str = ""
    tone: str = ""
    is_day: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)


class Load(Protocol):
    """Looks entries of one member up."""

    def __call__(
        self, *, member: Member, viewer: Viewer, before: Before, limit: int
    ) -> Sequence[Entry]:
        """Return the newest ``limit`` entries before a place, in falling order of at and key.

        In as many queries for a thousand entries as for one, each bounded by ``limit``. The
        viewer may see the member; whether they may see the rows is for the source to heed.
        """


@dataclass(frozen=True, slots=True)
class TimelineSource:
    """One kind of entries. ``tells`` lists the acts of the audit trail that it tells better."""

    label: _StrOrPromise
    icon: str
    load: Load
    permission: Permission | None = None
    order: int = 100
    tells: frozenset[str] = frozenset()


_sources: dict[str, TimelineSource] = {}


def register_timeline_source(kind: str, source: TimelineSource) -> None:
    """Announce a kind of entries; called from ``AppConfig.ready``."""
    _sources[kind] = source


def sources_for(viewer: Viewer) -> dict[str, TimelineSource]:
    """Return the kinds that the viewer may see, in the order in which they are offered."""
    allowed = [
        (kind, source)
        for kind, source in _sources.items()
        if source.permission is None or viewer.may(source.permission)
    ]
    return dict(sorted(allowed, key=lambda pair: (pair[1].order, pair[0])))


def told_elsewhere() -> Collection[str]:
    """Return the acts of the audit trail that some kind tells better."""
    return frozenset().union(*(source.tells for source in _sources.values()))
