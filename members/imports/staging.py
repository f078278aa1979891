"""A chunk of rows in the database's own temporary tables: COPY cannot write behind a policy."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, OperationalError, transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from django.db.backends.utils import CursorWrapper

    from members.imports.preparing import Chunk


@dataclass(slots=True)
class Outcome:
    """What became of the rows that were fit to be copied; ``refused`` are (row, code, other).

    ``each`` are (row, outcome, id), where the caller wants to know it row by row.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: list[tuple[int, str, str]] = field(default_factory=list)
    each: list[tuple[int, str, int]] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """Count in what became of further rows."""
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.refused += other.refused
        self.each += other.each


TRIES = 3
DEADLOCK = "40P01"
# What a row of the plan stands for in the end, when that is the member.
MEMBER_OF_ROW = "p.member_id FROM import_plan AS p WHERE p.refusal IS NULL"
OUTCOME_OF_ROW = """
SELECT p.n, CASE WHEN p.is_new THEN 'created' WHEN p.is_changed THEN 'updated' ELSE 'unchanged' END,
"""


def bring_in(apply: Callable[[Chunk], Outcome], chunk: Chunk) -> Outcome:
    """Bring a chunk in; somebody who registers the same phone this moment makes us look again."""
    for _attempt in range(TRIES - 1):
        try:
            with transaction.atomic():
                return apply(chunk)
        except IntegrityError:
            continue
        except OperationalError as error:
            if getattr(error.__cause__, "pgcode", "") != DEADLOCK:
                raise
    with transaction.atomic():
        return apply(chunk)


def each(cursor: CursorWrapper, what: str, values: Mapping[str, Any]) -> list[tuple[int, str, int]]:
    """Return row, outcome and id of the rows that came in; ``what`` finds the id by the plan."""
    cursor.execute(OUTCOME_OF_ROW + what, values)
    return list(cursor.fetchall())


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
