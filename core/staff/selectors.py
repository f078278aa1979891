from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.kernel.access import Permission, Viewer
from core.kernel.scoping import tenant
from core.organizations.models import Dealer
from core.staff import rules
from core.staff.models import RoleGrant, Staff

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a person stands: ``places`` is empty for the whole brand."""

    brand: str
    places: tuple[str, ...]
    roles: tuple[str, ...]


def viewer_of_staff(*, staff_id: int) -> Viewer | None:
    """Return what a person may see and do now, or None if they may not sign in.

    A person with no grant sees nothing: an empty set of dealers, no permission.
    """
    staff = Staff.objects.filter(pk=staff_id, is_active=True).first()
    if staff is None:
        return None
    with tenant(staff.brand_id):
        grants = list(RoleGrant.objects.filter(staff=staff))
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
    )


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


def standing_of_staff(*, viewer: Viewer) -> Standing | None:
    """Return what the console's top bar says about the person: brand, place and roles."""
    grants = list(
        RoleGrant.objects.filter(staff_id=viewer.staff_id)
        .select_related("brand", "region", "dealer", "store")
        .order_by("pk")
    )
    if not grants:
        return None
    places = [grant.store or grant.dealer or grant.region for grant in grants]
    return Standing(
        brand=grants[0].brand.name,
        places=tuple(dict.fromkeys(place.name for place in places if place is not None)),
        roles=tuple(dict.fromkeys(grant.get_role_display() for grant in grants)),
    )
