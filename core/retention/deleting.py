"""The purger of what makes no sense half empty: old rows go, with the parts that belong to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.retention.purging import count_due, take

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.retention.ports import Batch


@dataclass(frozen=True, slots=True)
class Deleting:
    """Deletes old rows, ``at_once`` in a transaction since each may have many parts.

    ``old`` is the SQL that compares a row, called ``row``, with ``%(before)s``. ``parts`` are
    DELETEs by name, without that word, of what belongs to the rows in ``picked``; they have to
    name the brand. Code writes them, never people.
    """

    table: str
    old: str
    parts: Mapping[str, str] = field(default_factory=dict)
    at_once: int = 100

    def due(self, *, brand_id: int, before: datetime, most: int) -> int:
        """Return how many rows would go, counting no further than ``most``."""
        return count_due(
            table=self.table,
            old=self.old,
            brand_id=brand_id,
            before=before,
            most=most,
        )

    def purge(
        self, *, brand_id: int, before: datetime, after: int, limit: int, now: datetime
    ) -> Batch:
        """Delete the next rows by id."""
        parts = "".join(
            f"), {name} AS (DELETE FROM {text}"  # noqa: S608  constants of the code
            for name, text in self.parts.items()
        )
        sql = f"""
            WITH picked AS MATERIALIZED (
                SELECT row.id FROM {self.table} AS row
                WHERE row.brand_id = %(brand)s AND row.id > %(after)s AND {self.old}
                ORDER BY row.id LIMIT %(limit)s FOR UPDATE
            {parts}), gone AS (
                DELETE FROM {self.table} AS row USING picked
                WHERE row.brand_id = %(brand)s AND row.id = picked.id RETURNING row.id
            )
            SELECT count(*), max(id) FROM gone
        """  # noqa: S608  constants of the code
        most = min(limit, self.at_once)
        return take(sql, brand_id=brand_id, before=before, after=after, limit=most, now=now)
