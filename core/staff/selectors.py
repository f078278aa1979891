from __future__ import annotations

from typing import TYPE_CHECKING

from core.kernel.access import Permission, Viewer
from core.kernel.scoping import tenant
from core.organizations.models import Dealer
from core.staff import rules
from core.staff.models import RoleGrant, Staff

if TYPE_CHECKING:
    from collections.abc import Iterable


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
