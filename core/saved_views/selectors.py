from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import QueryDict  # noqa: TID251  (an address's query, parsed; no request)
from django.urls import reverse

from core.kernel import crypto
from core.kernel.access import Permission
from core.kernel.filter_chips import CURSORS
from core.lists import ports
from core.saved_views.models import SavedView

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from core.kernel.access import Viewer

MOST_SHOWN = 30


@dataclass(frozen=True, slots=True)
class ShownView:
    """One entry above a list."""

    url: str
    label: str
    is_current: bool
    count: int | None = None
    edit_url: str = ""
    is_shared: bool = False


def may_share(viewer: Viewer) -> bool:
    """Whether the viewer may offer views to everybody: who keeps the brand's segments, too."""
    return viewer.is_brand_wide and viewer.may(Permission.SEGMENTS_EDIT)


def query_of(view: SavedView) -> QueryDict:
    """Return the view's address."""
    return QueryDict(crypto.decrypt(bytes(view.query)))


def views_of(
    *, key: str, viewer: Viewer, query: Any, usual: Sequence[dict[str, Any]] = ()
) -> list[Any]:
    """Return the usual questions of a list, then one's own views and the shared ones, by name.

    The one whose address this is, is the current one.
    """
    source = ports.source_of(key)
    if source is None:
        return list(usual)
    rows = SavedView.objects.visible_to(viewer).filter(list_key=key)
    place, asked = reverse(source.place), bare(query)
    saved = [
        ShownView(
            url=f"{place}?{query_of(view).urlencode()}",
            label=view.name,
            is_current=bare(query_of(view)) == asked,
            edit_url=reverse("core:saved-views-edit", args=[view.pk])
            if view.staff_id == viewer.staff_id
            else "",
            is_shared=view.is_shared,
        )
        for view in rows.order_by("is_shared", "name", "pk")[:MOST_SHOWN]
    ]
    if any(view.is_current for view in saved):
        usual = [each | {"is_current": False} for each in usual]
    return [*usual, *saved]


def bare(query: Any) -> dict[str, list[str]]:
    """Return what an address says without page markers and empty fields."""
    named = ((name, [v for v in values if v.strip()]) for name, values in query.lists())
    return {name: sorted(values) for name, values in named if values and name not in CURSORS}


def describe_views(*, viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    """Return names of views for the audit trail: one's own, and those that are shared."""
    rows = SavedView.objects.visible_to(viewer).filter(pk__in=ids)
    return {pk: (name, "") for pk, name in rows.values_list("pk", "name")}
