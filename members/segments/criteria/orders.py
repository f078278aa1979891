"""Conditions on orders in a window: how many, how much, how long ago, of which category.

The window is a number of days up to a date (today, unless given), everything up to a date, or all
time; a sales channel and categories narrow it. Somebody without orders has a count and a sum of
zero, no average, no first and no last order.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from members.orders.selectors import categories_in_use
from members.segments.criteria.shapes import MAX_DAYS, WHEN, time_range
from members.segments.ports import (
    GROUP_ORDERS,
    Comparison,
    Criterion,
    Frame,
    Ids,
    Input,
    InputKind,
    Option,
    Sql,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

SELECT = "SELECT o.member_id FROM members_order o"
GROUPED = " GROUP BY o.member_id HAVING "


def categories(brand_id: int) -> Sequence[Option]:
    """Return the categories in use, as suggestions."""
    return [Option(name, name) for name in categories_in_use(brand_id)]


def any_word(_brand_id: int, chosen: Collection[int | str]) -> set[int | str]:
    """Return every word: a condition may name a category before the first order has it."""
    return {word for word in chosen if isinstance(word, str)}


DAYS = Input(
    "days",
    InputKind.DAYS,
    _("in the last"),
    required=False,
    high=MAX_DAYS,
    unit=_("days"),
)
AS_OF = Input("as_of", InputKind.DATE, _("up to"), required=False, advanced=True)
CHANNEL = Input("channel", InputKind.TEXT, _("channel"), required=False, advanced=True)
CATEGORY = Input(
    "category",
    InputKind.CHOICES,
    _("category"),
    required=False,
    options=categories,
    existing=any_word,
    advanced=True,
)
NARROWED = (CHANNEL, CATEGORY)
WINDOW = (DAYS, AS_OF, *NARROWED)


def window(frame: Frame, value: Mapping[str, Any]) -> Sql:
    """Return the SELECT of the members of all orders within the value's window."""
    sql = frame.rows_of(SELECT, "o.brand_id", "o.member_id")
    end = value.get("as_of")
    if "days" in value:
        end = end or frame.today
        sql += Sql(" AND o.ordered_at >= %s", (frame.start_of(end - timedelta(value["days"])),))
    if end is not None:
        sql += Sql(" AND o.ordered_at < %s", (frame.end_of(end),))
    if "channel" in value:
        sql += Sql(" AND o.channel = %s", (value["channel"],))
    if "category" in value:
        sql += Sql(" AND o.category = ANY(%s)", (value["category"],))
    return sql


def _count(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Ids:
    orders, number = window(frame, value), value["number"]
    if cmp == "eq" and number > 0:
        return Ids(orders + Sql(f"{GROUPED}count(*) = %s", (number,)), heavy=True)
    # At most n is everybody but those with n + 1: people without orders are in no group.
    at_most = cmp in {"lte", "eq"}
    least = number + 1 if at_most else number
    if least <= 0:
        return Ids(Sql("SELECT 0::bigint AS member_id WHERE false"), inverted=True)
    if least > 1:
        orders += Sql(f"{GROUPED}count(*) >= %s", (least,))
    return Ids(orders, inverted=at_most, heavy=True)


def _sum(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Ids:
    least = value["fen"] + 1 if cmp == "lte" else value["fen"]
    if least <= 0:
        return Ids(Sql("SELECT 0::bigint AS member_id WHERE false"), inverted=True)
    orders = window(frame, value) + Sql(f"{GROUPED}sum(o.amount_fen) >= %s", (least,))
    return Ids(orders, inverted=cmp == "lte", heavy=True)


def _average(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Ids:
    operator = ">=" if cmp == "gte" else "<="
    test = Sql(f"{GROUPED}sum(o.amount_fen) {operator} %s::bigint * count(*)", (value["fen"],))
    return Ids(window(frame, value) + test, heavy=True)


def _last(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Ids:
    orders = window(frame, _only(value, "as_of", "channel", "category"))
    end = value.get("as_of") or frame.today
    limit = frame.start_of(end - timedelta(days=value["days"]))
    if cmp == "within":
        last = Sql(" AND o.ordered_at >= %s AND o.ordered_at < %s", (limit, frame.end_of(end)))
        return Ids(orders + last, heavy=True)
    return Ids(orders + Sql(f"{GROUPED}max(o.ordered_at) < %s", (limit,)), heavy=True)


def _first(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Ids:
    first = time_range(frame, cmp, value, "min(o.ordered_at)")
    orders = window(frame, _only(value, "channel", "category"))
    return Ids(orders + GROUPED + first, heavy=True)


def _category(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Ids:
    orders = window(frame, {**value, "category": value["in"]})
    return Ids(orders, inverted=cmp == "not_in", heavy=True)


def _only(value: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value[name] for name in names if name in value}


_NUMBER = Input(
    "number", InputKind.NUMBER, _("orders"), high=1_000_000, unit=_("orders"), default=1
)
_FEN = Input("fen", InputKind.MONEY, _("amount"), high=10**13)
_LAST = (
    Input("days", InputKind.NUMBER, _("days"), high=MAX_DAYS, unit=_("days"), default=90),
    AS_OF,
    *NARROWED,
)
_FIRST = tuple(replace(each, inputs=(*each.inputs, *NARROWED)) for each in WHEN)
_IN_CATEGORY = (
    replace(CATEGORY, name="in", required=True, advanced=False),
    *(DAYS, AS_OF, CHANNEL),
)
_BOUNDS = (("gte", _("at least")), ("lte", _("at most")))

ORDER_CRITERIA = (
    Criterion(
        "orders.count",
        _("Number of orders"),
        GROUP_ORDERS,
        tuple(
            Comparison(key, label, (_NUMBER, *WINDOW))
            for key, label in (*_BOUNDS, ("eq", _("exactly")))
        ),
        _count,
        order=50,
    ),
    Criterion(
        "orders.sum",
        _("Sum of orders"),
        GROUP_ORDERS,
        tuple(Comparison(key, label, (_FEN, *WINDOW)) for key, label in _BOUNDS),
        _sum,
        order=51,
    ),
    Criterion(
        "orders.average",
        _("Average order"),
        GROUP_ORDERS,
        tuple(Comparison(key, label, (_FEN, *WINDOW)) for key, label in _BOUNDS),
        _average,
        order=52,
    ),
    Criterion(
        "orders.last",
        _("Last order"),
        GROUP_ORDERS,
        (
            Comparison("within", _("within the last"), _LAST),
            Comparison("before", _("longer ago than"), _LAST),
        ),
        _last,
        order=53,
    ),
    Criterion("orders.first", _("First order"), GROUP_ORDERS, _FIRST, _first, order=54),
    Criterion(
        "orders.category",
        _("Category of orders"),
        GROUP_ORDERS,
        (
            Comparison("in", _("bought in one of"), _IN_CATEGORY),
            Comparison("not_in", _("bought in none of"), _IN_CATEGORY),
        ),
        _category,
        order=55,
    ),
)
