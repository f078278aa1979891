from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from django.http import QueryDict  # noqa: TID251  (an address's query, parsed; no request)
from django.utils.translation import gettext as _

from core.kernel import crypto
from core.kernel.errors import InvalidInput, NotFound, Problem
from core.kernel.filter_chips import active_chips
from core.kernel.sizes import Size, size_of
from core.lists import ports

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer
    from core.lists.ports import ListSource

HIDDEN = "***"
LONGEST_QUERY = 4000


def known_list(*, key: str, viewer: Viewer) -> ListSource:
    """Return a list that the viewer may see.

    Raises:
        NotFound: there is none of this name.
        Forbidden: no role of the viewer allows it.
    """
    source = ports.source_of(key)
    if source is None:
        raise NotFound(_("There is no such list."))
    viewer.require(source.permission)
    return source


def narrowing(*, source: ListSource, query: Any, viewer: Viewer) -> QueryDict:
    """Return what of an address narrows or orders the list; page markers and the rest are gone."""
    form = source.form(query, viewer)
    known = [*source.parents, *(form.fields if form is not None else ()), *source.searches, "sort"]
    kept = QueryDict(mutable=True)
    for name in dict.fromkeys(known):
        values = [value for value in query.getlist(name) if value.strip()]
        if values:
            kept.setlist(name, values)
    return kept


def checked(*, source: ListSource, query: Any, viewer: Viewer) -> QueryDict:
    """Return ``narrowing``, refusing what the list's page would take for a mistake.

    Raises:
        InvalidInput: a filter is unknown or cannot be read; the pointer is ``/filters/<name>``.
    """
    kept = narrowing(source=source, query=query, viewer=viewer)
    problems = [
        Problem(f"/filters/{name}", "unknown_filter", _("This list has no such filter."))
        for name in query
        if name not in kept and query.get(name, "").strip()
    ]
    form = source.form(kept, viewer)
    if form is not None and not form.is_valid():
        problems += [
            Problem(f"/filters/{name}", "invalid", str(errors[0]))
            for name, errors in form.errors.items()
        ]
    if len(kept.urlencode()) > LONGEST_QUERY:
        problems.append(Problem("/filters", "too_long", _("These are too many filters.")))
    if problems:
        raise InvalidInput(problems[0].detail, problems=tuple(problems))
    return kept


def size_of_list(*, source: ListSource, query: QueryDict, viewer: Viewer, now: datetime) -> Size:
    """Return how many rows a list has, as exactly as it costs little to know."""
    rows = source.rows(viewer=viewer, query=query, now=now)
    is_whole = not [name for name in query if name != "sort"] and viewer.is_brand_wide
    return size_of(rows=rows, is_everybody=is_whole)


def sealed(query: QueryDict) -> str:
    """Return an address's query as a background run keeps it: it may hold a name or a number."""
    return base64.b64encode(crypto.encrypt(query.urlencode())).decode()


def opened(text: str) -> QueryDict:
    """Return what was sealed."""
    return QueryDict(crypto.decrypt(base64.b64decode(text)))


def filters_in_words(*, source: ListSource, query: Any, viewer: Viewer) -> list[tuple[str, str]]:
    """Return what an address narrows the list to, as label and value; without what was typed.

    What is typed into a search box may be somebody's name or number, and this is kept.
    """
    form = source.form(query, viewer)
    told: list[tuple[str, str]] = []
    if form is not None:
        told = [
            (chip.label, HIDDEN if chip.name in source.searches else chip.value)
            for chip in active_chips(form, query)
        ]
    shown = set(form.fields) if form is not None else set()
    hidden = {bound.html_name for bound in form.hidden_fields()} if form is not None else set()
    for name in source.searches:
        if query.get(name, "").strip() and (name not in shown or name in hidden):
            told.append((str(_("Search")), HIDDEN))
    return told
