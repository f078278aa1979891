"""What segments can ask about points: what somebody has, earned and spent, and when last.

Only what is confirmed counts. Somebody without an entry has, earned and spent nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from members.segments.ports import Comparison, Criterion, Frame, Ids, Input, InputKind, Sql

if TYPE_CHECKING:
    from collections.abc import Mapping

GROUP = pgettext_lazy("ledger", "Points")
MOST_DAYS, MOST = 36_500, 10**12
BALANCES = "SELECT held.member_id FROM events_pointsbalance held"
ENTRIES = "SELECT moved.member_id FROM events_pointsentry moved"
GROUPED = " GROUP BY moved.member_id HAVING "
NOBODY = Sql("SELECT 0::bigint AS member_id WHERE false")


def _balance(ledger: str) -> Any:
    """Return the compiler of a condition on what is left in a ledger."""

    def compiled(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Ids:
        rows = frame.rows_of(BALANCES, "held.brand_id", "held.member_id")
        rows += Sql(" AND held.ledger = %s", (ledger,))
        low = value["from"] if cmp == "between" else value["number"]
        high = value["to"] if cmp == "between" else value["number"]
        if cmp != "lte" and low > 0:
            rows += Sql(" AND held.balance >= %s", (low,))
            if cmp == "between":
                rows += Sql(" AND held.balance <= %s", (high,))
            return Ids(rows)
        if cmp == "gte":
            return Ids(NOBODY, inverted=True)
        # At most n is everybody but those with n + 1: most people have no row at all.
        return Ids(rows + Sql(" AND held.balance >= %s", (high + 1,)), inverted=True)

    return compiled


def _moved(side: str, sign: str) -> Any:
    """Return the compiler of a condition on what was earned or spent in the last days."""

    def compiled(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Ids:
        least = value["number"] + 1 if cmp == "lte" else value["number"]
        if least <= 0:
            return Ids(NOBODY, inverted=True)
        rows = _in_window(frame, side, frame.today - timedelta(days=value["days"]))
        tally = Sql(f"{GROUPED}{sign}sum(moved.amount) >= %s", (least,))
        return Ids(rows + tally, inverted=cmp == "lte", heavy=True)

    return compiled


def _last(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Ids:
    limit = frame.today - timedelta(days=value["days"])
    gains = " AND moved.amount > 0"
    if cmp == "within":
        return Ids(_in_window(frame, "earned", limit) + gains, heavy=True)
    last = Sql(f"{gains}{GROUPED}max(moved.occurred_at) < %s", (frame.start_of(limit),))
    return Ids(_of_side(frame, "earned") + last, heavy=True)


def _of_side(frame: Frame, side: str) -> Sql:
    rows = frame.rows_of(ENTRIES, "moved.brand_id", "moved.member_id")
    rows += Sql(" AND moved.ledger = %s AND moved.side = %s", ("points", side))
    # Not as a value: the index holds nothing else.
    return rows + " AND moved.state = 'confirmed'"


def _in_window(frame: Frame, side: str, since: Any) -> Sql:
    bounds = (frame.start_of(since), frame.end_of(frame.today))
    return _of_side(frame, side) + Sql(
        " AND moved.occurred_at >= %s AND moved.occurred_at < %s", bounds
    )


def _number(name: str, label: Any, default: int | None = None) -> Input:
    return Input(name, InputKind.NUMBER, label, high=MOST, default=default)


_BALANCE = (
    Comparison("gte", _("at least"), (_number("number", _("points"), 100),)),
    Comparison("lte", _("at most"), (_number("number", _("points"), 100),)),
    Comparison("between", _("between"), (_number("from", _("from")), _number("to", _("to")))),
)
_WINDOW = (
    _number("number", _("points"), 1),
    Input("days", InputKind.DAYS, _("in the last"), high=MOST_DAYS, unit=_("days"), default=30),
)
_MOVED = (Comparison("gte", _("at least"), _WINDOW), Comparison("lte", _("at most"), _WINDOW))
_DAYS = (Input("days", InputKind.NUMBER, _("days"), high=MOST_DAYS, unit=_("days"), default=90),)

POINTS_CRITERIA = (
    Criterion("points.balance", _("Points left"), GROUP, _BALANCE, _balance("points"), order=85),
    Criterion(
        "points.contribution",
        pgettext_lazy("ledger", "Contribution"),
        GROUP,
        _BALANCE,
        _balance("contribution"),
        order=86,
    ),
    Criterion("points.earned", _("Points earned"), GROUP, _MOVED, _moved("earned", ""), order=87),
    Criterion("points.spent", _("Points spent"), GROUP, _MOVED, _moved("spent", "-"), order=88),
    Criterion(
        "points.last",
        _("Points last earned"),
        GROUP,
        (
            Comparison("within", _("within the last"), _DAYS),
            Comparison("before", _("longer ago than"), _DAYS),
        ),
        _last,
        order=89,
    ),
)
