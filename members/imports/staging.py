"""A chunk of rows in the database's own temporary tables: COPY cannot write behind a policy."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.db.backends.utils import CursorWrapper

    from members.imports.preparing import Chunk


@dataclass(slots=True)
class Outcome:
    """What became of the rows that were fit to be copied; ``refused`` are (row, code, other)."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: list[tuple[int, str, str]] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """Count in what became of further rows."""
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.refused += other.refused


def fill(cursor: CursorWrapper, columns: Mapping[str, str], chunk: Chunk) -> None:
    """Put the chunk's good rows into ``import_stage``; unmapped columns stay NULL.

    ``columns`` are all columns of the subject with their types.
    """
    drop(cursor, "import_stage", "import_plan", "import_tag")
    wanted = ", ".join(f"{name} {type_}" for name, type_ in columns.items())
    cursor.execute(f"CREATE TEMP TABLE import_stage (n bigint, {wanted}) ON COMMIT DROP")
    copy(cursor, "import_stage", chunk.columns, chunk.copy)


def copy(cursor: CursorWrapper, table: str, columns: Sequence[str], data: bytes) -> None:
    """COPY rows in text form into a temporary table."""
    cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", io.BytesIO(data))


def drop(cursor: CursorWrapper, *tables: str) -> None:
    """Drop what an earlier chunk of the same transaction left."""
    cursor.execute(f"DROP TABLE IF EXISTS {', '.join(f'pg_temp.{table}' for table in tables)}")


def keep(cursor: CursorWrapper, numbers: list[int]) -> None:
    """Leave only these rows staged, for another turn."""
    cursor.execute("DELETE FROM import_stage WHERE NOT n = ANY (%s)", [numbers])
    drop(cursor, "import_plan", "import_tag")


def without_big_joins(cursor: CursorWrapper) -> None:
    """Look each staged row up by index, for the rest of the transaction.

    The planner does not know that the target grows with every chunk; a hash join would read all of
    it each time, and the import would slow down with the square of its rows.
    """
    cursor.execute("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")


def tally(cursor: CursorWrapper) -> Outcome:
    """Count the plan by what is to happen, and list the refused."""
    cursor.execute(
        """
        SELECT count(*) FILTER (WHERE is_new),
               count(*) FILTER (WHERE is_changed AND NOT is_new),
               count(*) FILTER (WHERE NOT is_changed AND NOT is_new)
        FROM import_plan WHERE refusal IS NULL
        """
    )
    created, updated, unchanged = cursor.fetchone()
    cursor.execute("SELECT n, refusal, other FROM import_plan WHERE refusal IS NOT NULL ORDER BY n")
    return Outcome(created, updated, unchanged, cursor.fetchall())


def run(cursor: CursorWrapper, sql: str, values: Mapping[str, Any]) -> int:
    """Execute one statement; return how many rows it touched."""
    cursor.execute(sql, values)
    return int(cursor.rowcount)


def touched(cursor: CursorWrapper, *, known_alone: bool = False) -> list[int]:
    """Return whose rows are new or changed; ``known_alone`` passes over new ones."""
    cursor.execute(
        "SELECT DISTINCT member_id FROM import_plan"
        " WHERE refusal IS NULL AND (is_changed OR is_new AND NOT %s)",
        [known_alone],
    )
    return [member_id for (member_id,) in cursor.fetchall()]
