"""What cars keep about a member: who owned them, and the VIN of a car that was nobody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from core.kernel import crypto
from members.erasure.ports import Holding
from members.erasure.rules import Kind, Trace
from members.erasure.services import texts_of
from members.vehicles.models import MileageReading, Ownership, ServiceVisit, Vehicle, VehicleModel
from members.vehicles.selectors import cars_of_others

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import Model, QuerySet

    from members.erasure.ports import Asked, Erasing

# A car that somebody else had before or after is part of their history, and stays.
ALONE = """
SELECT car.id FROM members_vehicle AS car
WHERE car.brand_id = %(brand)s AND car.id = ANY(%(cars)s::bigint[]) AND NOT EXISTS (
    SELECT FROM members_ownership AS owned
    WHERE owned.brand_id = car.brand_id AND owned.vehicle_id = car.id
)
ORDER BY car.id FOR UPDATE
"""
# In this order: what refers to a car goes before it.
GO_WITH_CAR = (
    "DELETE FROM members_servicevisit"
    " WHERE brand_id = %(brand)s AND vehicle_id = ANY(%(cars)s::bigint[])",
    "DELETE FROM members_mileagereading"
    " WHERE brand_id = %(brand)s AND vehicle_id = ANY(%(cars)s::bigint[])",
    "DELETE FROM members_vehicle WHERE brand_id = %(brand)s AND id = ANY(%(cars)s::bigint[])",
)
WITH_CAR = _("Goes with the car, unless that is somebody else's history too.")
# What goes with the cars, and what stays with those that others had too.
HOW_MANY = """
WITH judged AS (
    SELECT mine.vehicle_id, EXISTS (
        SELECT FROM members_ownership AS owned
        WHERE owned.brand_id = %(brand)s AND owned.vehicle_id = mine.vehicle_id
            AND owned.member_id <> ALL(%(ids)s::bigint[])
    ) AS is_shared
    FROM (
        SELECT DISTINCT vehicle_id FROM members_ownership
        WHERE brand_id = %(brand)s AND member_id = ANY(%(ids)s::bigint[])
    ) AS mine
)
SELECT count(*) FILTER (WHERE NOT is_shared), count(*) FILTER (WHERE is_shared) FROM judged
-- of the cars
"""
OF_CARS = "JOIN {0} AS noted ON noted.brand_id = %(brand)s AND noted.vehicle_id = judged.vehicle_id"
GIVE_UP = """
DELETE FROM members_ownership WHERE brand_id = %(brand)s AND member_id = ANY(%(ids)s::bigint[])
RETURNING vehicle_id
"""
TOLD = {
    "vin": _("VIN"),
    "model": _("Vehicle model"),
    "delivered_on": _("Delivered"),
    "ended_on": _("Ended"),
    "mileage_km": _("Mileage"),
}


def _owned(brand_id: int, ids: Any) -> Any:
    rows = Ownership.objects.filter(brand_id=brand_id, member__in=ids)
    return rows.select_related("vehicle__model").order_by("pk")


def _traces(erasing: Erasing) -> Iterator[Trace]:
    mine = set(erasing.ids)
    rows = list(_owned(erasing.brand_id, erasing.ids))
    cars = [owned.vehicle_id for owned in rows]
    others = Ownership.objects.filter(brand_id=erasing.brand_id, vehicle__in=cars)
    shared = {
        car for car, owner in others.values_list("vehicle_id", "member_id") if owner not in mine
    }
    for owned in rows:
        if owned.vehicle_id not in shared:
            vin = crypto.decrypt(bytes(owned.vehicle.vin_cipher))
            yield Trace(owned.member_id, Kind.NUMBER, vin)


def _erase(erasing: Erasing) -> None:
    with connection.cursor() as cursor:
        cursor.execute(GIVE_UP, erasing.params)
        cars = sorted({car for (car,) in cursor.fetchall()})
        cursor.execute(ALONE, {"brand": erasing.brand_id, "cars": cars})
        alone: dict[str, Any] = {"brand": erasing.brand_id}
        alone["cars"] = [car for (car,) in cursor.fetchall()]
        for sql in GO_WITH_CAR:
            cursor.execute(sql, alone)


def _tell(asked: Asked) -> Iterator[dict[str, Any]]:
    others = cars_of_others(brand_id=asked.brand_id, member_id=asked.member_id)
    for owned in _owned(asked.brand_id, [asked.member_id]):
        car = owned.vehicle
        is_anothers = car.pk in others  # Its whole VIN and what it has run since are theirs now.
        whole = asked.whole and not is_anothers
        vin = crypto.decrypt(bytes(car.vin_cipher)) if whole else f"…{car.vin_tail}"
        yield {
            "vin": vin,
            "model": car.model.name,
            "delivered_on": owned.delivered_on,
            "ended_on": owned.ended_on,
            "mileage_km": None if is_anothers else car.mileage_km,
        }


def _while_theirs(asked: Asked, model: type[Model], on: str) -> QuerySet[Any]:
    """Rows about cars from the days on which they were the member's."""
    owned = Ownership.objects.filter(
        Q(ended_on=None) | Q(ended_on__gt=OuterRef(on)),
        brand_id=asked.brand_id,
        member_id=asked.member_id,
        vehicle_id=OuterRef("vehicle_id"),
        delivered_on__lte=OuterRef(on),
    )
    cars = Ownership.objects.filter(brand_id=asked.brand_id, member_id=asked.member_id)
    rows = model._base_manager.filter(
        Exists(owned), brand_id=asked.brand_id, vehicle_id__in=cars.values("vehicle_id")
    )
    return rows.order_by(on, "pk")


def _tell_visits(asked: Asked) -> Iterator[dict[str, Any]]:
    for visit in _while_theirs(asked, ServiceVisit, "visited_on").select_related("dealer"):
        yield {
            "visited_on": visit.visited_on,
            "kind": visit.get_kind_display(),
            "dealer": visit.dealer.name if visit.dealer else None,
            "mileage_km": visit.mileage_km,
            "amount_fen": visit.amount_fen,
        }


def _tell_readings(asked: Asked) -> Iterator[dict[str, Any]]:
    rows = _while_theirs(asked, MileageReading, "read_on")
    yield from rows.values("read_on", "km", "reason")


HOLDINGS = (
    Holding(
        model=Ownership,
        label=_("Vehicles"),
        erase=_erase,
        traces=_traces,
        tell=_tell,
        fields=TOLD,
    ),
    Holding(
        model=Vehicle,
        columns=("vin_hash", "vin_cipher", "vin_tail"),
        label=_("VINs"),
        kept=_("Goes with its ownership, unless it is somebody else's history too."),
        count=HOW_MANY.replace("-- of the cars", ""),
        untold="Told with its ownership.",
    ),
    Holding(
        model=ServiceVisit,
        columns=("vehicle_id",),
        label=_("Service visits"),
        kept=WITH_CAR,
        count=HOW_MANY.replace("-- of the cars", OF_CARS.format("members_servicevisit")),
        tell=_tell_visits,
        fields={
            "visited_on": _("Day"),
            "kind": _("Kind"),
            "dealer": _("Dealer"),
            "mileage_km": _("Mileage"),
            "amount_fen": _("Amount in fen"),
        },
    ),
    Holding(
        model=MileageReading,
        columns=("vehicle_id",),
        label=_("Mileage"),
        kept=WITH_CAR,
        count=HOW_MANY.replace("-- of the cars", OF_CARS.format("members_mileagereading")),
        tell=_tell_readings,
        fields={"read_on": _("Day"), "km": _("Kilometers"), "reason": _("Why it is lower")},
    ),
)
SEARCHES = (texts_of(model=MileageReading, columns=("reason",)),)
IMPERSONAL = {VehicleModel: "What the brand builds."}
