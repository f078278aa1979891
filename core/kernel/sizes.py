"""How many rows there are, as exactly as it costs little to know."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.translation import gettext as _

from core.kernel.formats import grouped

if TYPE_CHECKING:
    from django.db.models import QuerySet

# Beyond this nobody counts on; "more than 10,000" is answered in milliseconds.
COUNT_CAP = 10_000


@dataclass(frozen=True, slots=True)
class Size:
    """How many there are: exactly, at least (``is_capped``), or about (``is_estimate``)."""

    number: int
    is_capped: bool = False
    is_estimate: bool = False


def size_of(*, rows: QuerySet[Any], is_everybody: bool = False) -> Size:
    """Return how many rows there are, without ever reading all of them.

    A whole table (``is_everybody``) is estimated from the planner's statistics; anything narrower
    is counted up to COUNT_CAP.
    """
    if is_everybody:
        estimate = _estimate(rows)
        if estimate > COUNT_CAP:
            return Size(estimate, is_estimate=True)
    number = rows.order_by().values("pk")[: COUNT_CAP + 1].count()
    return Size(min(number, COUNT_CAP), is_capped=number > COUNT_CAP)


def in_words(size: Size, unit: object) -> str:
    """Return a size with its unit, as exactly as it is known."""
    told = {"number": grouped(size.number), "unit": unit}
    if size.is_estimate:
        return _("about %(number)s %(unit)s") % told
    if size.is_capped:
        return _("more than %(number)s %(unit)s") % told
    return f"{told['number']} {unit}"


def _estimate(rows: QuerySet[Any]) -> int:
    sql, params = rows.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (FORMAT JSON) " + sql, params)
        plan = cursor.fetchone()[0]
    plan = json.loads(plan) if isinstance(plan, str) else plan
    return int(plan[0]["Plan"]["Plan Rows"])
