"""How other apps show what they know about members, on the list and on a member's page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.kernel.access import Viewer

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from core.kernel.access import Permission

# Given a member's id, return the context of the section's template; None hides the section.
LoadSection = Callable[[int, Viewer], Mapping[str, Any] | None]
# Given the ids on a page, return name and address of what each belongs to, in one query or two.
LoadColumn = Callable[[Sequence[int], Viewer], Mapping[int, Sequence[tuple[str, str]]]]


@dataclass(frozen=True, slots=True)
class MemberSection:
    """A card on a member's page, loaded when it is looked at. ``template`` draws its body."""

    label: _StrOrPromise
    template: str
    load: LoadSection
    permission: Permission | None = None
    order: int = 100


@dataclass(frozen=True, slots=True)
class MemberColumn:
    """A column of the list, such as the communities somebody is in."""

    label: _StrOrPromise
    load: LoadColumn
    permission: Permission | None = None


_sections: dict[str, MemberSection] = {}
_columns: dict[str, MemberColumn] = {}


def register_member_section(key: str, section: MemberSection) -> None:
    """Announce a card; called from ``AppConfig.ready``."""
    _sections[key] = section


def register_member_column(key: str, column: MemberColumn) -> None:
    """Announce a column; called from ``AppConfig.ready``."""
    _columns[key] = column


def sections_for(viewer: Viewer) -> list[tuple[str, MemberSection]]:
    """Return the cards that the viewer may see, in order."""
    allowed = [(k, s) for k, s in _sections.items() if _may(viewer, s.permission)]
    return sorted(allowed, key=lambda pair: pair[1].order)


def columns_for(viewer: Viewer) -> list[tuple[str, MemberColumn]]:
    """Return the columns that the viewer may see."""
    return [(k, c) for k, c in _columns.items() if _may(viewer, c.permission)]


def _may(viewer: Viewer, permission: Permission | None) -> bool:
    return permission is None or viewer.may(permission)
