from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import F

from members.vehicles.models import MileageReading, Ownership, ServiceVisit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from core.kernel.access import Viewer
    from members.vehicles.models import Vehicle

MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class CarHistory:
    """A car over time. An owner whom the viewer may not see is a line without a person."""

    owners: Sequence[Ownership]
    seen: set[int]  # ids of the members among them whom the viewer may see
    readings: Sequence[MileageReading]
    visits: Sequence[ServiceVisit]


def readings_around(
    *, vehicle: Vehicle, day: date
) -> tuple[MileageReading | None, MileageReading | None]:
    """Return the last reading up to the end of a day, and the first after it."""
    rows = MileageReading.objects.filter(brand_id=vehicle.brand_id, vehicle=vehicle)
    before = rows.filter(read_on__lte=day).order_by("-read_on", "-pk").first()
    after = rows.filter(read_on__gt=day).order_by("read_on", "pk").first()
    return before, after


def cars_of_others(*, brand_id: int, member_id: int) -> set[int]:
    """Return which of the cars that a member had somebody else owns now."""
    mine = Ownership.objects.filter(brand_id=brand_id, member_id=member_id)
    others = Ownership.objects.filter(
        brand_id=brand_id, ended_on=None, vehicle_id__in=mine.values("vehicle_id")
    ).exclude(member_id=member_id)
    return set(others.values_list("vehicle_id", flat=True))


def history_of(*, vehicle: Vehicle, viewer: Viewer) -> CarHistory:
    """Return who had the car, what its odometer said and where it was serviced, newest first."""
    of_car = {"brand_id": vehicle.brand_id, "vehicle": vehicle}
    owners = (
        Ownership.objects.filter(**of_car)
        .select_related("member")
        .order_by(F("ended_on").desc(nulls_first=True), "-delivered_on", "-pk")[:MOST_SHOWN]
    )
    seen = Ownership.objects.visible_to(viewer).filter(**of_car)
    visits = ServiceVisit.objects.visible_to(viewer).filter(**of_car).select_related("dealer")
    readings = MileageReading.objects.visible_to(viewer).filter(**of_car)
    return CarHistory(
        owners=list(owners),
        seen=set(seen.values_list("member_id", flat=True)),
        readings=list(readings.order_by("-read_on", "-pk")[:MOST_SHOWN]),
        visits=list(visits.order_by("-visited_on", "-pk")[:MOST_SHOWN]),
    )
