"""Conditions on the car a member owns now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from members.segments.criteria.shapes import WHEN, choice_input, day_range, days_input, known
from members.segments.ports import GROUP_VEHICLES, Comparison, Criterion, Frame, Ids, Option, Sql
from members.vehicles.models import VehicleModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


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
    Criterion("vehicle", _("Owns a car"), GROUP_VEHICLES, known(_("yes"), _("no")), _has, order=42),
)
