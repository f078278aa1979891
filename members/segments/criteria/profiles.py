"""Conditions on the member's own row: who and where they are, and their stage."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from core.organizations.models import City, Dealer, Region
from members.profiles.models import Member, Stage
from members.segments.criteria.shapes import (
    MAX_DAYS,
    WHEN,
    column_in,
    day_range,
    known,
    one_of,
    time_range,
)
from members.segments.ports import (
    GROUP_OTHER,
    GROUP_PROFILE,
    Comparison,
    Criterion,
    Frame,
    Input,
    InputKind,
    Option,
    Sql,
    Where,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def choices(labels: type[Any]) -> Callable[[int], Sequence[Option]]:
    """Return the options of an enumeration, the empty one left out."""
    return lambda _brand_id: [
        Option(value, label) for value, label in labels.choices if value != ""
    ]


def cities(_brand_id: int) -> Sequence[Option]:
    """Return every city, under its province."""
    rows = City.objects.order_by("code").values_list("code", "name", "province_name")
    return [Option(code, name.removesuffix("市"), province) for code, name, province in rows]


def provinces(_brand_id: int) -> Sequence[Option]:
    """Return every province."""
    names = City.objects.order_by("code").values_list("province_name", flat=True)
    return [Option(name, name) for name in dict.fromkeys(names)]


def dealers(brand_id: int) -> Sequence[Option]:
    """Return the brand's dealers, under their regions."""
    rows = Dealer.objects.filter(brand_id=brand_id).order_by("region_id", "code")
    return [
        Option(pk, name, region)
        for pk, name, region in rows.values_list("pk", "name", "region__name")
    ]


def regions(brand_id: int) -> Sequence[Option]:
    """Return the brand's regions."""
    rows = Region.objects.filter(brand_id=brand_id).order_by("code")
    return [Option(pk, name) for pk, name in rows.values_list("pk", "name")]


def _name(_frame: Frame, cmp: str, value: Mapping[str, Any]) -> Where:
    operator = "=" if cmp == "eq" else "^@"  # ^@ is leakproof, LIKE is not
    return Where(Sql(f"m.display_name {operator} %s", (value["text"],)))


def _province(_frame: Frame, cmp: str, value: Mapping[str, Any]) -> Where:
    test = Sql(
        "m.city_id IN (SELECT c.code FROM core_city c WHERE c.province_name = ANY(%s))",
        (value["in"],),
    )
    return Where(test if cmp == "in" else Sql("(") + test + ") IS NOT TRUE")


def _region(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Where:
    test = Sql(
        "m.home_dealer_id IN"
        " (SELECT d.id FROM core_dealer d WHERE d.brand_id = %s AND d.region_id = ANY(%s))",
        (frame.brand_id, value["in"]),
    )
    return Where(test if cmp == "in" else Sql("(") + test + ") IS NOT TRUE")


def _stage_days(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Where:
    since = frame.today - timedelta(days=value["days"])
    # More days in the stage means an earlier start.
    operator = {"gte": "<=", "lte": ">=", "eq": "="}[cmp]
    return Where(Sql(f"m.stage_since {operator} %s", (since,)))


def _joined(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Where:
    return Where(day_range(frame, cmp, value, "m.joined_on"))


def _last_active(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Where:
    return Where(time_range(frame, cmp, value, "m.last_active_at"))


def _random(_frame: Frame, _cmp: str, value: Mapping[str, Any]) -> Where:
    # PostgreSQL keeps this hash as it is from version to version: partitions rest on it.
    return Where(
        Sql(
            "(hashint8extended(m.id, %s) & 2147483647) %% 100 < %s",
            (draw(value.get("seed", 0), value.get("salt", "")), value["percent"]),
        )
    )


def draw(number: int, salt: str) -> int:
    """Return what tells one draw from another; the same one draws the same members every time."""
    if not salt:
        return number
    digest = hashlib.sha256(f"{number}:{salt}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


_STAGE_DAYS = (
    Input("days", InputKind.NUMBER, _("days"), high=MAX_DAYS, unit=_("days"), default=30),
)
_TEXT = (Input("text", InputKind.TEXT, _("text")),)

PROFILE_CRITERIA = (
    Criterion(
        "stage",
        _("Stage"),
        GROUP_PROFILE,
        one_of(_("stage"), choices(Stage)),
        column_in("m.stage"),
        order=10,
    ),
    Criterion(
        "stage_days",
        _("Time in stage"),
        GROUP_PROFILE,
        tuple(
            Comparison(key, label, _STAGE_DAYS)
            for key, label in (("gte", _("at least")), ("lte", _("at most")))
        ),
        _stage_days,
        order=11,
    ),
    Criterion(
        "city",
        _("City"),
        GROUP_PROFILE,
        (*one_of(_("city"), cities), *known(_("is known"), _("is not known"))),
        column_in("m.city_id"),
        order=12,
    ),
    Criterion(
        "province",
        _("Province"),
        GROUP_PROFILE,
        one_of(_("province"), provinces),
        _province,
        order=13,
    ),
    Criterion(
        "dealer",
        _("Home dealer"),
        GROUP_PROFILE,
        (*one_of(_("dealer"), dealers), *known(_("is known"), _("is not known"))),
        column_in("m.home_dealer_id"),
        order=14,
    ),
    Criterion(
        "region", _("Region"), GROUP_PROFILE, one_of(_("region"), regions), _region, order=15
    ),
    Criterion("joined", _("Member since"), GROUP_PROFILE, WHEN, _joined, order=16),
    Criterion("last_active", _("Last active"), GROUP_PROFILE, WHEN, _last_active, order=17),
    Criterion(
        "gender",
        _("Gender"),
        GROUP_PROFILE,
        one_of(_("gender"), choices(Member.Gender)),
        column_in("m.gender"),
        order=18,
    ),
    Criterion(
        "source",
        _("Source"),
        GROUP_PROFILE,
        one_of(_("source"), choices(Member.Source)),
        column_in("m.source"),
        order=19,
    ),
    Criterion(
        "name",
        _("Name"),
        GROUP_PROFILE,
        (Comparison("prefix", _("begins with"), _TEXT), Comparison("eq", _("is"), _TEXT)),
        _name,
        order=20,
    ),
    Criterion(
        "phone",
        _("Phone"),
        GROUP_PROFILE,
        known(_("is known"), _("is not known")),
        column_in("m.phone_hash"),
        order=21,
    ),
    Criterion(
        "random",
        _("Random share"),
        GROUP_OTHER,
        (
            Comparison(
                "share",
                _("draws"),
                (
                    Input(
                        "percent",
                        InputKind.NUMBER,
                        _("percent"),
                        low=1,
                        high=99,
                        unit="%",
                        default=50,
                    ),
                    Input(
                        "seed",
                        InputKind.NUMBER,
                        _("draw no."),
                        required=False,
                        high=10**6,
                        advanced=True,
                    ),
                    Input("salt", InputKind.TEXT, _("draw by the word"), required=False),
                ),
            ),
        ),
        _random,
        order=91,
    ),
)
