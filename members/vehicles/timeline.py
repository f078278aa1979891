"""What happened with a member's cars, on the member's timeline.

Everything about cars that a member lives to see belongs here: each kind is a function and a line
in ``SOURCES``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.kernel import formats
from members.timeline import rules
from members.timeline.ports import Entry, TimelineSource
from members.timeline.selectors import rows_of_days_before, start_of
from members.vehicles.models import Ownership, ServiceVisit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from core.kernel.access import Viewer
    from members.profiles.models import Member
    from members.timeline.rules import Before

VEHICLE, VISIT = "vehicle", "visit"


def owned(*, member: Member, viewer: Viewer, before: Before, limit: int) -> list[Entry]:
    """Tell which cars a member got and gave up. Nobody has more than a few."""
    rows = Ownership.objects.filter(brand_id=member.brand_id, member_id=member.pk)
    cars = rows.select_related("vehicle__model")
    return rules.newest((one for car in cars for one in _told(car)), before=before, limit=limit)


def _told(car: Ownership) -> Iterator[Entry]:
    names = {"model": car.vehicle.model.name}
    got = _("Took delivery of: %(model)s") % names
    yield _entry(car, car.delivered_on, 0, "vehicle.delivered", got)
    if car.ended_on is not None:
        gave = _("No longer owns: %(model)s") % names
        yield _entry(car, car.ended_on, 1, "vehicle.given_up", gave)


def _entry(car: Ownership, day: date, number: int, what: str, text: str) -> Entry:
    return Entry(
        start_of(day),
        VEHICLE,
        rules.key_of(car.pk, number, 2),
        what,
        text,
        _("VIN …%(tail)s") % {"tail": car.vehicle.vin_tail},
        url=reverse("members:vehicles-detail", args=[car.vehicle_id]),
        is_day=True,
        data={"vehicle": car.vehicle_id, "ownership": car.pk},
    )


def visits(*, member: Member, viewer: Viewer, before: Before, limit: int) -> list[Entry]:
    """Tell when the member's cars were serviced, while they were the member's."""
    mine = Q(vehicle__ownerships__brand_id=member.brand_id, vehicle__ownerships__member=member)
    mine &= Q(vehicle__ownerships__delivered_on__lte=F("visited_on"))
    mine &= Q(vehicle__ownerships__ended_on=None) | Q(
        vehicle__ownerships__ended_on__gt=F("visited_on")
    )
    rows = ServiceVisit.objects.filter(mine, brand_id=member.brand_id)
    rows = rows.select_related("vehicle__model", "dealer")
    found = rows_of_days_before(rows=rows, on="visited_on", before=before, limit=limit)
    return [_visit(row) for row in found]


def _visit(row: ServiceVisit) -> Entry:
    parts = [
        row.vehicle.model.name,
        row.dealer.name if row.dealer else "",
        f"{formats.grouped(row.mileage_km)} km" if row.mileage_km is not None else "",
        formats.yuan(row.amount_fen) if row.amount_fen else "",
    ]
    return Entry(
        start_of(row.visited_on),
        VISIT,
        row.pk,
        "vehicle.serviced",
        _("Service visit: %(kind)s") % {"kind": row.get_kind_display()},
        " · ".join(part for part in parts if part),
        url=reverse("members:vehicles-detail", args=[row.vehicle_id]),
        is_day=True,
        data={
            "visit": row.pk,
            "vehicle": row.vehicle_id,
            "visit_kind": row.kind,
            "amount_fen": row.amount_fen,
        },
    )


SOURCES = {
    VEHICLE: TimelineSource(gettext_lazy("Vehicles"), "car", owned, order=20),
    VISIT: TimelineSource(gettext_lazy("Service visits"), "gear", visits, order=25),
}
