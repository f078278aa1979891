from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Exists, Max, OuterRef, Prefetch, Q, Subquery
from django.urls import reverse

from core.kernel.access import Permission, Viewer
from core.kernel.scoping import tenant
from core.organizations.models import Dealer
from core.staff import rules
from core.staff.models import RoleGrant, Staff, StaffSession

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from django.db.models import QuerySet


def viewer_of_staff(*, staff_id: int) -> Viewer | None:
    """Return what a person may see and do now, or None if they may not sign in.

    A person with no grant sees nothing: an empty set of dealers, no permission.
    """
    staff = Staff.objects.filter(pk=staff_id, is_active=True).select_related("brand").first()
    if staff is None:
        return None
    with tenant(staff.brand_id):
        of_person = RoleGrant.objects.filter(brand_id=staff.brand_id, staff=staff)
        grants = list(of_person.select_related("region", "dealer").order_by("pk"))
        dealer_ids = _dealers_of(grants)
    permissions: set[Permission] = set()
    for grant in grants:
        permissions |= rules.PERMISSIONS_OF_ROLE[grant.role]
    return Viewer(
        brand_id=staff.brand_id,
        label=staff.display_name,
        staff_id=staff.pk,
        permissions=frozenset(permissions),
        dealer_ids=dealer_ids,
        roles=tuple(dict.fromkeys(grant.role for grant in grants)),
        brand_name=staff.brand.name,
        places=_places_of(grants) if dealer_ids is not None else (),
    )


def _places_of(grants: Iterable[RoleGrant]) -> tuple[str, ...]:
    places = (grant.dealer or grant.region for grant in grants)
    return tuple(dict.fromkeys(place.name for place in places if place is not None))


def _dealers_of(grants: Iterable[RoleGrant]) -> frozenset[int] | None:
    regions: set[int] = set()
    dealers: set[int] = set()
    for grant in grants:
        if grant.dealer_id:
            dealers.add(grant.dealer_id)
        elif grant.region_id:
            regions.add(grant.region_id)
        else:
            return None
    if regions:
        dealers |= set(Dealer.objects.filter(region__in=regions).values_list("pk", flat=True))
    return frozenset(dealers)


@dataclass(frozen=True, slots=True)
class StaffFilter:
    """What a list of people is narrowed by; empty means any."""

    text: str = ""
    role: str = ""
    region_id: int | None = None
    dealer_id: int | None = None
    is_active: bool | None = None


def people(*, viewer: Viewer, narrowed: StaffFilter) -> QuerySet[Staff]:
    """Return people in sight with ``shown_grants`` and ``seen_at``, for a list or a detail page.

    Grants are read along in one query however many people there are.
    """
    rows = Staff.objects.visible_to(viewer)
    if narrowed.text:
        rows = rows.filter(
            Q(display_name__icontains=narrowed.text) | Q(username__startswith=narrowed.text.lower())
        )
    if narrowed.is_active is not None:
        rows = rows.filter(is_active=narrowed.is_active)
    grants = RoleGrant.objects.filter(brand_id=viewer.brand_id)
    held = grants.filter(staff=OuterRef("pk"))
    if narrowed.role:
        held = held.filter(role=narrowed.role)
    if narrowed.region_id:
        held = held.filter(Q(region=narrowed.region_id) | Q(dealer__region=narrowed.region_id))
    if narrowed.dealer_id:
        held = held.filter(dealer=narrowed.dealer_id)
    if narrowed.role or narrowed.region_id or narrowed.dealer_id:
        rows = rows.filter(Exists(held))
    seen = StaffSession.objects.filter(staff_id=OuterRef("pk")).values("staff_id")
    with_places = grants.select_related("region", "dealer", "store").order_by("pk")
    found: QuerySet[Staff] = rows.annotate(
        seen_at=Subquery(seen.annotate(last=Max("seen_at")).values("last"))
    ).prefetch_related(Prefetch("grants", with_places, to_attr="shown_grants"))
    return found


def place_of(*, grant: RoleGrant) -> str:
    """Return the node of a grant by name; empty for the whole brand."""
    node = grant.store or grant.dealer or grant.region
    return node.name if node is not None else ""


def describe_staff(*, viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    """Return names and addresses of people for the audit trail."""
    rows = Staff.objects.visible_to(viewer).filter(pk__in=ids)
    may_open = viewer.may(Permission.STAFF_EDIT)
    return {
        pk: (name, reverse("core:staff-detail", args=[pk]) if may_open else "")
        for pk, name in rows.values_list("pk", "display_name")
    }
