"""Comparisons that many fields share, and how they become SQL.

All relative days are whole calendar days in the brand's time zone, counted back from today or
from a given date: "within 30 days" is that date and the 30 days before it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from members.segments.ports import Comparison, Frame, Input, InputKind, Sql, Where

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from members.segments.ports import Compile, Option

MAX_DAYS = 36_500
NUMERIC = {"gte": ">=", "lte": "<=", "eq": "="}


def days_input(label: Any, *, required: bool = True, default: int = 90) -> Input:
    """Return the input of a number of days."""
    return Input(
        "days",
        InputKind.NUMBER,
        label,
        required=required,
        high=MAX_DAYS,
        unit=_("days"),
        default=default if required else None,
        advanced=not required,
    )


def choice_input(
    label: Any, options: Callable[[int], Sequence[Option]] | None, *, required: bool = True
) -> Input:
    """Return the input of one or more choices, under the name ``in``."""
    return Input("in", InputKind.CHOICES, label, required=required, options=options)


def one_of(label: Any, options: Callable[[int], Sequence[Option]]) -> tuple[Comparison, ...]:
    """Return "is any of" and "is none of" over choices."""
    values = (choice_input(label, options),)
    return (Comparison("in", _("is"), values), Comparison("not_in", _("is not"), values))


def known(label_yes: Any, label_no: Any) -> tuple[Comparison, ...]:
    """Return "there is one" and "there is none"."""
    return (Comparison("known", label_yes), Comparison("unknown", label_no))


WHEN = (
    Comparison("within", _("within the last"), (days_input(_("days")),)),
    Comparison("before", _("longer ago than"), (days_input(_("days")),)),
    Comparison(
        "between",
        _("between"),
        (Input("from", InputKind.DATE, _("from")), Input("to", InputKind.DATE, _("to"))),
    ),
)


def column_in(column: str) -> Compile:
    """Compile ``one_of`` (and ``known``) over a column of the member."""

    def compile_(_frame: Frame, cmp: str, value: Mapping[str, Any]) -> Where:
        if cmp == "known":
            return Where(Sql(f"{column} IS NOT NULL"))
        if cmp == "unknown":
            return Where(Sql(f"{column} IS NULL"))
        test = Sql(f"{column} = ANY(%s)", (value["in"],))
        return Where(test if cmp == "in" else Sql("(") + test + ") IS NOT TRUE")

    return compile_


def day_range(frame: Frame, cmp: str, value: Mapping[str, Any], column: str) -> Sql:
    """Compile ``WHEN`` over a date column; an empty date meets none of it."""
    if cmp == "between":
        return Sql(f"{column} >= %s AND {column} <= %s", (value["from"], value["to"]))
    limit = frame.today - timedelta(days=value["days"])
    if cmp == "before":
        return Sql(f"{column} < %s", (limit,))
    return Sql(f"{column} >= %s AND {column} <= %s", (limit, frame.today))


def time_range(frame: Frame, cmp: str, value: Mapping[str, Any], column: str) -> Sql:
    """Compile ``WHEN`` over a timestamp column, by the calendar day of each moment."""
    if cmp == "between":
        bounds = (frame.start_of(value["from"]), frame.end_of(value["to"]))
        return Sql(f"{column} >= %s AND {column} < %s", bounds)
    limit = frame.start_of(frame.today - timedelta(days=value["days"]))
    if cmp == "before":
        return Sql(f"{column} < %s", (limit,))
    return Sql(f"{column} >= %s AND {column} < %s", (limit, frame.end_of(frame.today)))
