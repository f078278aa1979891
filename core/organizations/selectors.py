from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from core.organizations.models import Dealer, Region, Store

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from core.kernel.access import Viewer
    from core.kernel.scoping import BrandQuerySet


@dataclass(frozen=True, slots=True)
class RegionRow:
    """A region with how many dealers and stores the viewer sees in it."""

    region: Region
    dealer_count: int
    store_count: int


def regions_of(*, viewer: Viewer) -> list[RegionRow]:
    """Return the regions in sight by name; a dealer sees its own region only."""
    regions = Region.objects.visible_to(viewer)
    dealers = Dealer.objects.visible_to(viewer)
    if not viewer.is_brand_wide:
        regions = regions.filter(pk__in=dealers.values("region_id"))
    dealer_counts = dict(dealers.values_list("region_id").annotate(Count("pk")).order_by())
    stores = Store.objects.visible_to(viewer)
    store_counts = dict(stores.values_list("dealer__region_id").annotate(Count("pk")).order_by())
    return [
        RegionRow(region, dealer_counts.get(region.pk, 0), store_counts.get(region.pk, 0))
        for region in regions.order_by("name", "pk")
    ]


def dealers_of(*, viewer: Viewer, region_id: int | None, text: str) -> BrandQuerySet[Dealer]:
    """Return dealers in sight with their city, region and ``store_count``."""
    rows = Dealer.objects.visible_to(viewer).select_related("city", "region")
    if region_id is not None:
        rows = rows.filter(region=region_id)
    if text:
        rows = rows.filter(
            Q(name__icontains=text) | Q(code__istartswith=text) | Q(city__name__startswith=text)
        )
    # Asked dealer by dealer: a join would group all of them before a page of them is cut.
    stores = Store.objects.filter(brand_id=viewer.brand_id, dealer=OuterRef("pk")).order_by()
    counted = stores.values("dealer").annotate(number=Count("pk")).values("number")
    return rows.annotate(store_count=Coalesce(Subquery(counted), 0))


def describe_regions(*, viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    """Return names and addresses of regions for the audit trail."""
    rows = Region.objects.visible_to(viewer).filter(pk__in=ids)
    place = reverse("core:organization")
    return {pk: (name, f"{place}?region={pk}") for pk, name in rows.values_list("pk", "name")}


def describe_dealers(*, viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    """Return names and addresses of dealers for the audit trail."""
    rows = Dealer.objects.visible_to(viewer).filter(pk__in=ids)
    return {
        pk: (name, reverse("core:organization-dealer", args=[pk]))
        for pk, name in rows.values_list("pk", "name")
    }


def describe_stores(*, viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    """Return names of stores, and the addresses of their dealers, for the audit trail."""
    rows = Store.objects.visible_to(viewer).filter(pk__in=ids)
    return {
        pk: (name, reverse("core:organization-dealer", args=[dealer_id]))
        for pk, name, dealer_id in rows.values_list("pk", "name", "dealer_id")
    }
