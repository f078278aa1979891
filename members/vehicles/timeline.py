"""What happened with a member's cars, on the member's timeline.

Everything about cars that a member lives to see belongs here: each kind is a function and a line
in ``SOURCES``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.timeline import rules
from members.timeline.ports import Entry, TimelineSource
from members.timeline.selectors import start_of
from members.vehicles.models import Ownership

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from core.kernel.access import Viewer
    from members.profiles.models import Member
    from members.timeline.rules import Before

VEHICLE = "vehicle"


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
        is_day=True,
        data={"vehicle": car.vehicle_id, "ownership": car.pk},
    )


SOURCES = {VEHICLE: TimelineSource(gettext_lazy("Vehicles"), "car", owned, order=20)}
