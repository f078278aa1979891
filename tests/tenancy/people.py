"""Entries of who is who and who drives what: identities, merges, duplicates and vehicles."""

from __future__ import annotations

from itertools import count

from django.utils import timezone

from core.kernel.scoping import tenant
from members.duplicates.models import DuplicatePair
from members.merging.services import merge_members
from members.vehicles.models import MileageReading, ServiceVisit
from tests.factories.members import IdentityFactory, OwnershipFactory, VehicleModelFactory
from tests.tenancy.members import make_member, member
from tests.tenancy.samples import listing, pk, row

number = count(1)


def identity(scope):
    made = IdentityFactory(
        brand=scope.brand, member=make_member(scope), value=f"{scope.canary}{next(number)}"
    )
    return {"identity_id": made.pk}


def make_ownership(scope):
    """A car with a reading and a visit, whose owner is in the scope."""
    held = OwnershipFactory(brand=scope.brand, member=make_member(scope))
    with tenant(scope.brand.pk):
        MileageReading.objects.create(
            brand=scope.brand,
            vehicle=held.vehicle,
            read_on=held.delivered_on,
            km=10,
            reason=f"{scope.canary} reason",
            created_at=timezone.now(),
        )
        ServiceVisit.objects.create(
            brand=scope.brand,
            vehicle=held.vehicle,
            visited_on=held.delivered_on,
            kind="repair",
            created_at=timezone.now(),
        )
    return held


def ownership(scope):
    return {"ownership_id": make_ownership(scope).pk}


def vehicle(scope):
    return {"vehicle_id": make_ownership(scope).vehicle_id}


def reading(scope):
    return {"reading_id": make_ownership(scope).vehicle.readings.get().pk}


def visit(scope):
    return {"visit_id": make_ownership(scope).vehicle.visits.get().pk}


def inside(make):
    """Make what looks for a row of its own within the brand."""

    def made(scope):
        with tenant(scope.brand.pk):
            return make(scope)

    return made


def both(scope):
    return {"winner_id": make_member(scope).pk, "loser_id": make_member(scope).pk}


def merge(scope):
    with tenant(scope.brand.pk):
        made = merge_members(**both(scope), actor=scope.person, now=timezone.now())
    return {"merge_id": made.pk}


def pair(scope):
    first, second = make_member(scope), make_member(scope)
    with tenant(scope.brand.pk):
        made = DuplicatePair.objects.create(
            brand=scope.brand,
            first=first,
            second=second,
            score=80,
            reasons=["name_tail"],
            found_at=timezone.now(),
        )
    return {"pair_id": made.pk}


def new_identity(scope):
    return {"member": make_member(scope).pk, "kind": "unionid", "value": "oNEW"}


def new_merge(scope):
    found = both(scope)
    return {"winner": found["winner_id"], "loser": found["loser_id"]}


def new_split(scope):
    held = make_ownership(scope)
    return {"member": held.member_id, "display_name": "New", "ownerships": [held.pk]}


def new_ownership(scope):
    return {
        "member": make_member(scope).pk,
        "vin": "LSVAM4187C2184847",
        "model": VehicleModelFactory(brand=scope.brand).pk,
        "delivered_on": "2024-01-01",
    }


def vehicle_model(scope):
    made = VehicleModelFactory(brand=scope.brand, name=f"{scope.brand_canary} model {next(number)}")
    return {"model_id": made.pk}


def new_reading(scope):
    return {"vehicle": vehicle(scope)["vehicle_id"], "read_on": "2026-01-01", "km": 99}


def new_visit(scope):
    return {
        "vehicle": vehicle(scope)["vehicle_id"],
        "visited_on": "2026-01-01",
        "kind": "repair",
    }


def new_owner(scope):
    return {"to": make_member(scope).pk, "on": "2026-01-01"}


ROUTES = {
    "api:members:duplicates-list": listing(),
    "api:members:duplicates-detail": row(pk(pair)),
    "api:members:duplicates-dismiss": row(pk(pair)),
    "api:members:duplicates-find": listing(),
    "api:members:identities-list": listing(refers=new_identity),
    "api:members:identities-detail": row(pk(identity)),
    "api:members:identities-remove": row(pk(identity)),
    "api:members:member-merges-list": listing(refers=new_merge),
    "api:members:member-merges-preview": listing(),
    "api:members:member-merges-detail": row(pk(merge)),
    "api:members:member-merges-undo": row(pk(merge)),
    "api:members:member-merges-split": listing(refers=new_split),
    "api:members:mileage-readings-list": listing(refers=new_reading),
    "api:members:mileage-readings-detail": row(pk(inside(reading))),
    "api:members:ownerships-list": listing(refers=new_ownership),
    "api:members:ownerships-detail": row(pk(ownership)),
    "api:members:ownerships-end": row(pk(ownership)),
    "api:members:ownerships-transfer": row(pk(ownership), refers=new_owner),
    "api:members:service-visits-list": listing(refers=new_visit),
    "api:members:service-visits-detail": row(pk(inside(visit))),
    "api:members:vehicle-models-list": listing(dealers=False),
    "api:members:vehicle-models-detail": row(pk(vehicle_model), dealers=False),
    "api:members:vehicles-list": listing(),
    "api:members:vehicles-detail": row(pk(vehicle)),
    "members:duplicates-list": listing(),
    "members:duplicates-find": listing(),
    "members:duplicates-dismiss": row(pair),
    "members:identities-add": row(member),
    "members:identities-remove": row(identity),
    "members:merges-start": row(member),
    "members:merges-preview": row(both),
    "members:merges-detail": row(merge),
    "members:merges-split": row(member),
    "members:merges-undo": row(merge),
    "members:ownerships-end": row(ownership),
    "members:ownerships-transfer": row(ownership),
    "members:vehicle-models-list": listing(),
    "members:vehicle-models-new": listing(),
    "members:vehicle-models-edit": row(vehicle_model, dealers=False),
    "members:vehicle-models-delete": row(vehicle_model, dealers=False),
    "members:vehicles-add": row(member),
    "members:vehicles-detail": row(vehicle),
    "members:vehicles-read": row(vehicle),
    "members:vehicles-visit": row(vehicle),
}
