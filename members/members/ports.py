"""How other apps show what they know about members in the list of members.

What they show on a member's page goes through ``members.profiles.ports.register_panel``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.kernel.access import Viewer

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from core.kernel.access import Permission

# Given the ids on a page, return name and address of what each belongs to, in one query or two.
LoadColumn = Callable[[Sequence[int], Viewer], Mapping[int, Sequence[tuple[str, str]]]]


@dataclass(frozen=True, slots=True)
class MemberColumn:
    """A column of the list, such as the communities somebody is in."""

    label: _StrOrPromise
    load: LoadColumn
    permission: Permission | None = None


_columns: dict[str, MemberColumn] = {}


def register_member_column(key: str, column: MemberColumn) -> None:
    """Announce a column; called from ``AppConfig.ready``."""
    _columns[key] = column


def columns_for(viewer: Viewer) -> list[tuple[str, MemberColumn]]:
    """Return the columns that the viewer may see."""
    return [
        (key, column)
        for key, column in _columns.items()
        if column.permission is None or viewer.may(column.permission)
    ]
