"""What a list must say of itself, and where the lists are registered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from django.utils.functional import _StrOrPromise

    from core.kernel.access import Permission, Viewer


@dataclass(frozen=True, slots=True)
class Column:
    """One column: a key that never changes, and its head."""

    key: str
    label: _StrOrPromise


class Rows(Protocol):
    """Finds a list's rows as its page does: through ``visible_to``, narrowed by the address."""

    def __call__(self, *, viewer: Viewer, query: Any, now: datetime) -> Any:
        """Return a queryset; ``query`` is the address's ``QueryDict``.

        Raises:
            NotFound: what the list belongs to does not exist for the viewer.
        """


class RowsWithin(Protocol):
    """The same, among ids above the first number of ``span`` and up to the second."""

    def __call__(self, *, viewer: Viewer, query: Any, now: datetime, span: tuple[int, int]) -> Any:
        """Return a queryset."""


def _no_form(_query: Any, _viewer: Viewer) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSource:
    """One list of the product.

    ``form(query, viewer)`` is the bound form of its filters; beside its fields an address may hold
    ``searches`` and ``parents`` (name in the address → argument of the page's own address), for
    lists that belong to something. ``cells(rows, viewer)`` draws rows column by column, masked as
    on screen, in a number of queries that does not depend on how many rows there are.

    ``order`` is the keyset order; ``sorts`` maps what ``?sort=`` may say to others that an index
    serves. A list of millions gives ``rows_within`` besides: its file is written by stretches of
    ids, the newest first, since narrowing it anew for every page would cost too much.

    ``is_personal`` says that rows tell about people, so that a large file of them takes a second
    person; a list is personal unless it says that it is not.
    """

    label: _StrOrPromise
    place: str
    permission: Permission
    rows: Rows
    columns: Sequence[Column] | Callable[[Viewer], Sequence[Column]]
    cells: Callable[[Sequence[Any], Viewer], Iterable[Sequence[Any]]]
    form: Callable[[Any, Viewer], Any] = _no_form
    unit: str = "rows"
    order: str = "-id"
    sorts: Mapping[str, str] = field(default_factory=dict)
    searches: tuple[str, ...] = ()
    parents: Mapping[str, str] = field(default_factory=dict)
    rows_within: RowsWithin | None = None
    is_personal: bool = True

    def columns_for(self, viewer: Viewer) -> list[Column]:
        """Return the columns that the viewer may see."""
        return list(self.columns(viewer) if callable(self.columns) else self.columns)

    def order_of(self, query: Any) -> str:
        """Return the keyset order that an address asks for; an unknown one is the usual."""
        return self.sorts.get(query.get("sort", ""), self.order)


_sources: dict[str, ListSource] = {}
# For the audit trail: a list's key in words. Filled as lists are registered.
LABELS: dict[str, _StrOrPromise] = {}


def register_list(key: str, source: ListSource) -> None:
    """Announce a list; called from ``AppConfig.ready``."""
    _sources[key], LABELS[key] = source, source.label


def source_of(key: str) -> ListSource | None:
    """Return a list by its key, or None where there is no such list."""
    return _sources.get(key)


def keys() -> list[str]:
    """Return the keys of all lists."""
    return sorted(_sources)


def typed_names() -> set[str]:
    """Return the names under which addresses hold what people typed into a search."""
    return {name for source in _sources.values() for name in source.searches}
