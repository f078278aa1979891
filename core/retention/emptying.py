"""The usual purger: one table, whose old rows stay as rows and lose what was in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.retention.purging import count_due, take

if TYPE_CHECKING:
    from datetime import datetime

    from core.retention.ports import Batch


@dataclass(frozen=True, slots=True)
class Emptying:
    """Sets columns of old rows to nothing, so that numbers, sums and references still add up.

    ``old`` is the SQL that compares a row, called ``row``, with ``%(before)s``; ``full`` says
    whether there is anything left to empty; ``empty`` is the SET list. Code writes them, never
    people.
    """

    table: str
    old: str
    full: str
    empty: str

    def due(self, *, brand_id: int, before: datetime, most: int) -> int:
        """Return how many rows would go, counting no further than ``most``."""
        return count_due(
            table=self.table,
            old=f"{self.old} AND {self.full}",
            brand_id=brand_id,
            before=before,
            most=most,
        )

    def purge(
        self, *, brand_id: int, before: datetime, after: int, limit: int, now: datetime
    ) -> Batch:
        """Empty the next rows by id."""
        sql = f"""
            WITH picked AS (
                SELECT row.id FROM {self.table} AS row
                WHERE row.brand_id = %(brand)s AND row.id > %(after)s
                    AND {self.old} AND {self.full}
                ORDER BY row.id LIMIT %(limit)s FOR UPDATE
            ), emptied AS (
                UPDATE {self.table} AS row SET {self.empty} FROM picked
                WHERE row.brand_id = %(brand)s AND row.id = picked.id RETURNING row.id
            )
            SELECT count(*), max(id) FROM emptied
        """  # noqa: S608  constants of the code
        return take(sql, brand_id=brand_id, before=before, after=after, limit=limit, now=now)
