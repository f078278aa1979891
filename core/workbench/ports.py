"""What fills the workbench, and where apps announce it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.utils.functional import _StrOrPromise

    from core.kernel.access import Permission, Viewer


class Urgency(IntEnum):
    """How soon somebody must act; ``NOW`` means that owners notice if nobody does."""

    NOW = 0
    TODAY = 1
    SOON = 2


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing that waits for this viewer, with the one act that settles it.

    ``action`` is a verb with its object; it leads to ``url``, or posts to ``post_url`` where
    nothing needs to be looked at first. ``tone`` is "bad", "warn" or "pri".
    """

    title: str
    detail: str
    url: str
    action: _StrOrPromise
    urgency: Urgency = Urgency.TODAY
    icon: str = "alert"
    tone: str = "pri"
    post_url: str = ""
    post_action: _StrOrPromise = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the viewer's scope, ready to show; None shows a dash."""

    label: _StrOrPromise
    value: int | None
    unit: _StrOrPromise = ""
    hint: _StrOrPromise = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A card in the aside: a template and its context."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Act:
    """A button at the top of the page."""

    label: _StrOrPromise
    url_name: str
    icon: str


class TodoProvider(Protocol):
    """Finds what waits for the viewer: a few indexed queries, through ``visible_to``."""

    def __call__(self, *, viewer: Viewer, now: datetime) -> Sequence[Todo]:
        """Return the most urgent first; many of a kind are one todo with their count."""


class FigureProvider(Protocol):
    """Measures the viewer's scope."""

    def __call__(self, *, viewer: Viewer, now: datetime) -> Sequence[Figure]:
        """Return one to three figures."""


class PanelProvider(Protocol):
    """Draws a card for the aside."""

    def __call__(self, *, viewer: Viewer, now: datetime) -> Panel | None:
        """Return the card, or None where there is nothing to show."""


@dataclass(frozen=True, slots=True)
class Source:
    """A registered provider and what a viewer needs for it."""

    provider: Any
    permission: Permission | None = None
    order: int = 100


_todos: dict[str, Source] = {}
_figures: dict[str, Source] = {}
_panels: dict[str, Source] = {}
_acts: dict[str, Source] = {}


def register_todos(
    key: str, provider: TodoProvider, *, permission: Permission | None = None, order: int = 100
) -> None:
    """Announce things to do; called from ``AppConfig.ready``."""
    _todos[key] = Source(provider, permission, order)


def register_figures(
    key: str, provider: FigureProvider, *, permission: Permission | None = None, order: int = 100
) -> None:
    """Announce figures of the scope; called from ``AppConfig.ready``."""
    _figures[key] = Source(provider, permission, order)


def register_panel(
    key: str, provider: PanelProvider, *, permission: Permission | None = None, order: int = 100
) -> None:
    """Announce a card of the aside; called from ``AppConfig.ready``."""
    _panels[key] = Source(provider, permission, order)


def register_act(key: str, act: Act, *, permission: Permission, order: int = 100) -> None:
    """Announce a button; the last one in order is the primary one."""
    _acts[key] = Source(act, permission, order)


def todos_for(viewer: Viewer, now: datetime) -> list[Todo]:
    """Return everything that waits for the viewer, the most urgent first."""
    found = [todo for ask in _allowed(_todos, viewer) for todo in ask(viewer=viewer, now=now)]
    return sorted(found, key=lambda todo: todo.urgency)


def figures_for(viewer: Viewer, now: datetime) -> list[Figure]:
    """Return the figures of the viewer's scope."""
    return [f for ask in _allowed(_figures, viewer) for f in ask(viewer=viewer, now=now)]


def panels_for(viewer: Viewer, now: datetime) -> list[Panel]:
    """Return the cards of the aside that have something to show."""
    asked = (ask(viewer=viewer, now=now) for ask in _allowed(_panels, viewer))
    return [panel for panel in asked if panel is not None]


def acts_for(viewer: Viewer) -> list[Act]:
    """Return the buttons the viewer may press."""
    return _allowed(_acts, viewer)


def _allowed(sources: Mapping[str, Source], viewer: Viewer) -> list[Any]:
    allowed = [s for s in sources.values() if s.permission is None or viewer.may(s.permission)]
    return [source.provider for source in sorted(allowed, key=lambda source: source.order)]
