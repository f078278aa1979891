"""What purgers share: counting the rows that would go, and taking a step through them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection

from core.retention.ports import Batch

if TYPE_CHECKING:
    from datetime import datetime


def count_due(*, table: str, old: str, brand_id: int, before: datetime, most: int) -> int:
    """Return how many rows meet ``old``, counting no further than ``most``.

    ``old`` is SQL that code wrote; it calls a row ``row`` and compares it with ``%(before)s``.
    """
    sql = f"""
        SELECT count(*) FROM (
            SELECT FROM {table} AS row
            WHERE row.brand_id = %(brand)s AND {old} LIMIT %(most)s
        ) AS due
    """  # noqa: S608  constants of the code
    with connection.cursor() as cursor:
        cursor.execute(sql, {"brand": brand_id, "before": before, "most": most})
        return int(cursor.fetchone()[0])


def take(
    sql: str, *, brand_id: int, before: datetime, after: int, limit: int, now: datetime
) -> Batch:
    """Run a statement that treats the next rows and returns how many, and the last one's id."""
    values: dict[str, Any] = {
        "brand": brand_id,
        "before": before,
        "after": after,
        "limit": limit,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        taken, last = cursor.fetchone()
    return Batch(taken, last if taken == limit else None)
