"""Who answers the global search, and what an answer looks like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.utils.functional import _StrOrPromise

    from core.kernel.access import Permission, Viewer


@dataclass(frozen=True, slots=True)
class Hit:
    """One line of the palette. ``detail`` stands at its end: kind, place, masked phone."""

    url: str
    label: str
    detail: _StrOrPromise = ""
    icon: str = "search"


class SearchProvider(Protocol):
    """Finds what one app keeps.

    Called with a trimmed query of 1 to 60 characters; answers within one or two indexed queries,
    through ``visible_to(viewer)``, with masked personal values, at most ``limit`` hits.
    """

    def __call__(self, *, query: str, viewer: Viewer, limit: int) -> Sequence[Hit]:
        """Return the best hits first."""


@dataclass(frozen=True, slots=True)
class SearchSource:
    """A registered provider: its heading, and what a viewer needs to be answered by it."""

    label: _StrOrPromise
    provider: SearchProvider
    permission: Permission | None = None
    order: int = 100


_sources: dict[str, SearchSource] = {}


def register_search(key: str, source: SearchSource) -> None:
    """Announce a provider; called from ``AppConfig.ready``."""
    _sources[key] = source


def sources_for(viewer: Viewer) -> list[SearchSource]:
    """Return what may answer this viewer, in order."""
    allowed = [s for s in _sources.values() if s.permission is None or viewer.may(s.permission)]
    return sorted(allowed, key=lambda source: source.order)
