"""Active filters of a list as removable chips. The query string is the only state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.dateformat import format as format_date
from django.utils.translation import pgettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.forms import BoundField, Form
    from django.http import QueryDict  # noqa: TID251  only the type

CURSORS = ("after", "before", "cursor")


@dataclass(frozen=True, slots=True)
class Chip:
    """One active filter: what it narrows, to what, and the query without it."""

    name: str
    label: str
    value: str
    rest: str


def active_chips(form: Form, query: QueryDict) -> list[Chip]:
    """Return a chip per filter of the bound form that narrows the list.

    A filter that was typed wrong has no chip: its error shows in the menu instead.
    """
    if not form.is_bound:
        return []
    form.is_valid()
    found = []
    for bound in form:
        cleaned = form.cleaned_data.get(bound.name)
        if bound.is_hidden or cleaned in (None, "", [], ()) or cleaned is False:
            continue
        rest = query_without(query, bound.html_name)
        found.append(Chip(bound.html_name, str(bound.label), _shown(bound, cleaned), rest))
    return found


def query_without(query: QueryDict, *names: str) -> str:
    """Return the query string without these names; a cursor never survives a change of filter."""
    rest = query.copy()
    for name in (*names, *CURSORS):
        rest.pop(name, None)
    return rest.urlencode()


def query_with(query: QueryDict, **values: str) -> str:
    """Return the query string with these values set; cursors go unless they are set here."""
    changed = query.copy()
    for name in CURSORS:
        changed.pop(name, None)
    for name, value in values.items():
        changed[name] = value
    return changed.urlencode()


def kept_pairs(form: Form, query: QueryDict) -> list[tuple[str, str]]:
    """Return what the filter form must carry along unseen, such as sort order and search."""
    own = {bound.html_name for bound in form} | set(CURSORS)
    return [(name, value) for name, values in query.lists() if name not in own for value in values]


def _shown(bound: BoundField, cleaned: Any) -> str:
    """Return a filter's value in words: choice labels instead of keys, dates as days."""
    labels = dict(_flat(getattr(bound.field, "choices", ())))
    if isinstance(cleaned, (list, tuple)) or hasattr(cleaned, "values_list"):
        comma = pgettext("between the names of a list", ", ")
        return comma.join(_word(item, labels) for item in cleaned)
    return _word(cleaned, labels)


def _flat(choices: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Yield every choice with its label, out of its group if it stands in one."""
    for value, label in choices:
        if isinstance(label, (list, tuple)):
            yield from _flat(label)
        else:
            yield str(value), str(label)


def _word(value: Any, labels: dict[str, str]) -> str:
    if value is True:
        return "✓"
    if hasattr(value, "strftime"):
        return format_date(value, "Y-m-d")
    key = str(getattr(value, "pk", value))
    return labels.get(key, str(value))
