"""Conditions on the car a member owns now; of several cars, one that meets it is enough."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from members.segments.criteria.shapes import (
    NUMERIC,
    WHEN,
    choice_input,
    day_range,
    days_input,
    known,
)
from members.segments.ports import (
    GROUP_VEHICLES,
    Comparison,
    Criterion,
    Frame,
    Ids,
    Input,
    InputKind,
    Option,
    Sql,
)
from members.vehicles.models import VehicleModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_MONTHS, MAX_KM = 1200, 10_000_000


def vehicle_models(brand_id: int) -> Sequence[Option]:
    """Return the brand's vehicle models."""
    rows = VehicleModel.objects.filter(brand_id=brand_id).order_by("code")
    return [Option(pk, name) for pk, name in rows.values_list("pk", "name")]


def _owned(frame: Frame, select: str) -> Sql:
    return frame.rows_of(select, "o.brand_id", "o.member_id") + " AND o.ended_on IS NULL"


def _has(frame: Frame, cmp: str, _value: Mapping[str, Any]) -> Ids:
    sql = _owned(frame, "SELECT o.member_id FROM members_ownership o")
    return Ids(sql, inverted=cmp == "unknown")


def _model(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Ids:
    sql = _owned(
        frame,
        "SELECT o.member_id FROM members_ownership o"
        " JOIN members_vehicle v ON v.brand_id = o.brand_id AND v.id = o.vehicle_id",
    ) + Sql(" AND v.model_id = ANY(%s)", (value["in"],))
    if "days" in value:
        since = frame.today - timedelta(days=value["days"])
        sql += Sql(" AND o.delivered_on >= %s AND o.delivered_on <= %s", (since, frame.today))
    return Ids(sql, inverted=cmp == "not_in")


def _delivered(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Ids:
    sql = _owned(frame, "SELECT o.member_id FROM members_ownership o")
    return Ids(sql + " AND " + day_range(frame, cmp, value, "o.delivered_on"))


def months_before(day: date, months: int) -> date:
    """Return the day so many calendar months before; of a shorter month, its last day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _age(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Ids:
    sql = _owned(frame, "SELECT o.member_id FROM members_ownership o")
    if cmp == "gte":
        limit = months_before(frame.today, value["months"])
        return Ids(sql + Sql(" AND o.delivered_on <= %s", (limit,)))
    # At most 3 months old: the fourth is not over, so it was delivered after that day.
    limit = months_before(frame.today, value["months"] + 1)
    bounds = (limit, frame.today)
    return Ids(sql + Sql(" AND o.delivered_on > %s AND o.delivered_on <= %s", bounds))


def _mileage(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Ids:
    sql = _owned(
        frame,
        "SELECT o.member_id FROM members_ownership o"
        " JOIN members_vehicle v ON v.brand_id = o.brand_id AND v.id = o.vehicle_id",
    )
    return Ids(sql + Sql(f" AND v.mileage_km {NUMERIC[cmp]} %s", (value["km"],)))


_MONTHS = Input(
    "months", InputKind.NUMBER, _("months"), high=MAX_MONTHS, unit=_("months"), default=36
)
_KM = Input("km", InputKind.NUMBER, _("kilometers"), high=MAX_KM, unit=_("km"), default=20_000)
_BOUNDS = (("gte", _("at least")), ("lte", _("at most")))
_MODEL = (
    choice_input(_("model"), vehicle_models),
    days_input(_("delivered within"), required=False),
)

VEHICLE_CRITERIA = (
    Criterion(
        "vehicle.model",
        _("Vehicle model"),
        GROUP_VEHICLES,
        (Comparison("in", _("is"), _MODEL), Comparison("not_in", _("is not"), _MODEL)),
        _model,
        order=40,
    ),
    Criterion("vehicle.delivered", _("Delivery"), GROUP_VEHICLES, WHEN, _delivered, order=41),
    Criterion(
        "vehicle.age",
        _("Age of the car"),
        GROUP_VEHICLES,
        tuple(Comparison(key, label, (_MONTHS,)) for key, label in _BOUNDS),
        _age,
        order=43,
    ),
    Criterion(
        "vehicle.mileage",
        _("Mileage"),
        GROUP_VEHICLES,
        tuple(Comparison(key, label, (_KM,)) for key, label in _BOUNDS),
        _mileage,
        order=44,
    ),
    Criterion("vehicle", _("Owns a car"), GROUP_VEHICLES, known(_("yes"), _("no")), _has, order=42),
)
