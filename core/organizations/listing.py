"""The list of dealers, as its page, its file and its saved views know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.kernel.access import Permission
from core.lists.ports import Column, ListSource
from core.organizations import selectors
from core.organizations.forms import DealerFilterForm

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from core.kernel.access import Viewer
    from core.kernel.scoping import BrandQuerySet
    from core.organizations.models import Dealer

LONGEST_TEXT = 60


def form_of(query: Any, viewer: Viewer) -> DealerFilterForm:
    """Return the filters of an address."""
    return DealerFilterForm(query, viewer=viewer)


def typed(query: Any) -> str:
    """Return what stands in the search box."""
    return str(query.get("q", "")).replace("\0", "").strip()[:LONGEST_TEXT]


def rows(*, viewer: Viewer, query: Any, now: datetime) -> BrandQuerySet[Dealer]:
    """Return the dealers that an address means."""
    form = form_of(query, viewer)
    if not form.is_valid():
        return selectors.dealers_of(viewer=viewer, region_id=None, text="").none()
    region = form.cleaned_data["region"]
    return selectors.dealers_of(
        viewer=viewer, region_id=region.pk if region else None, text=typed(query)
    )


def cells(dealers: Sequence[Any], _viewer: Viewer) -> Iterator[list[Any]]:
    """Draw dealers."""
    for dealer in dealers:
        yield [
            dealer.name,
            dealer.code,
            dealer.region.name,
            dealer.city.name,
            dealer.store_count,
            _("Works with the brand") if dealer.is_active else _("Left the brand"),
        ]


DEALERS = ListSource(
    label=gettext_lazy("Dealers"),
    place="core:organization",
    permission=Permission.STAFF_VIEW,
    form=form_of,
    rows=rows,
    columns=(
        Column("name", gettext_lazy("Dealer")),
        Column("code", gettext_lazy("Code")),
        Column("region", gettext_lazy("Region")),
        Column("city", gettext_lazy("City")),
        Column("stores", gettext_lazy("Stores")),
        Column("state", gettext_lazy("State")),
    ),
    cells=cells,
    unit="dealers",
    order="name",
    sorts={"name": "name", "-name": "-name", "code": "code", "-code": "-code"},
    searches=("q",),
    is_personal=False,
)
