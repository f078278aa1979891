"""Loads columns into tables by COPY, as the role that owns them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connections, transaction

from integrations.demo import binary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from integrations.demo.binary import Column

OWNER = "owner"
# Parents before children, so that a tie finds what it ties to.
TABLES = (
    "members_member",
    "members_identity",
    "members_consent",
    "members_membertag",
    "members_customvalue",
    "members_vehicle",
    "members_ownership",
    "members_order",
    "members_stagechange",
    "members_servicevisit",
    "members_mileagereading",
)
# From here on, building an index once is cheaper than keeping it up row by row, unless far more
# is there already than comes.
REBUILD_FROM = 5_000
MUCH_MORE = 4


@dataclass(frozen=True, slots=True)
class _Part:
    """An index or constraint that was taken away, and the statement that brings it back."""

    drop: str
    restore: str


def execute(sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
    """Run one statement through the owner's connection."""
    with connections[OWNER].cursor() as cursor:
        cursor.execute(sql, params or None)
        return list(cursor.fetchall()) if cursor.description else []


@contextmanager
def inside(brand_id: int) -> Iterator[None]:
    """Open the brand on the owner's connection, for the rest of its transaction."""
    execute("SELECT set_config('app.brand_id', %s, true)", [str(brand_id)])
    yield


@contextmanager
def open_tables(*, rows: int) -> Iterator[None]:
    """Let COPY write into the tables of TABLES, and put everything back at the end.

    Row-level security refuses COPY, so the owner steps outside it. Live segments do not hear of
    each row: who loads has them computed anew. For many rows the indexes and foreign keys go first
    and are made anew, which checks every row again. All of it belongs to the caller's transaction:
    if that fails, nothing has changed.
    """
    if not connections[OWNER].in_atomic_block:
        raise transaction.TransactionManagementError("Open a transaction around the load.")
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    execute("SELECT set_config('maintenance_work_mem', '256MB', true)")
    # Of rows that were only just loaded the planner knows nothing; it would take them for a few.
    execute("SELECT set_config('enable_nestloop', 'off', true)")
    there = execute("SELECT greatest(0, reltuples) FROM pg_class WHERE relname = %s", [TABLES[0]])
    rebuild = rows >= REBUILD_FROM and rows * MUCH_MORE > there[0][0]
    # Foreign keys go before the keys that they refer to, and come back after them.
    parts = [*_ties(), *(key for table in TABLES for key in _keys(table))] if rebuild else []
    # They are checked anew over all brands, so whatever they join must be open as well.
    opened = [*TABLES, *_relatives()]
    for table in opened:
        execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    for table in TABLES:
        execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for part in parts:
        execute(part.drop)
    yield
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    for part in reversed(parts):
        execute(part.restore)
    for table in TABLES:
        execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    for table in opened:
        execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def _relatives() -> list[str]:
    """Return the tables behind policies that TABLES refer to, or that refer to TABLES."""
    found = execute(
        """
        SELECT DISTINCT relative.relname FROM pg_constraint AS tie
        JOIN pg_class AS child ON child.oid = tie.conrelid
        JOIN pg_class AS parent ON parent.oid = tie.confrelid
        CROSS JOIN LATERAL (VALUES (child.relname, child.relforcerowsecurity),
                                   (parent.relname, parent.relforcerowsecurity))
            AS relative (relname, is_behind_policies)
        WHERE tie.contype = 'f' AND relative.is_behind_policies
          AND ARRAY[child.relname, parent.relname] && %(tables)s::name[]
          AND relative.relname <> ALL(%(tables)s)
        ORDER BY 1
        """,
        {"tables": list(TABLES)},
    )
    return [name for (name,) in found]


def _ties() -> Iterator[_Part]:
    """Yield the foreign keys of TABLES, and those of other tables that refer to them."""
    for table, name, definition in execute(
        """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE contype = 'f' AND (conrelid = ANY(%(tables)s::regclass[])
                                 OR confrelid = ANY(%(tables)s::regclass[]))
        ORDER BY 1, 2
        """,
        {"tables": list(TABLES)},
    ):
        yield _constraint(table, name, definition)


def _keys(table: str) -> Iterator[_Part]:
    for index, constraint, constraint_definition, definition in execute(
        """
        SELECT i.indexrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid),
               pg_get_indexdef(i.indexrelid)
        FROM pg_index i
        LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x')
        WHERE i.indrelid = %s::regclass
        ORDER BY 1
        """,
        [table],
    ):
        if constraint:
            yield _constraint(table, constraint, constraint_definition)
        else:
            yield _Part(f"DROP INDEX {index}", definition)


def _constraint(table: str, name: str, definition: str) -> _Part:
    return _Part(
        f'ALTER TABLE {table} DROP CONSTRAINT "{name}"',
        f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}',
    )


def take_ids(*, table: str, count: int) -> int:
    """Reserve ``count`` ids of a table and return the first."""
    sequence = execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])[0][0]
    first = execute("SELECT nextval(%s)", [sequence])[0][0]
    execute("SELECT setval(%s, %s)", [sequence, first + count - 1])
    return int(first)


def copy_columns(*, table: str, columns: dict[str, Column], count: int) -> None:
    """COPY ``count`` rows given as columns of fixed width."""
    parts = binary.stream(binary.rows(count, list(columns.values())))
    _copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)", parts)


def copy_lines(*, table: str, columns: Sequence[str], lines: Iterator[bytes]) -> None:
    """COPY rows given as text, many lines to a piece."""
    _copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN", lines)


def _copy(sql: str, parts: Iterator[bytes]) -> None:
    connection = connections[OWNER]
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.cursor.copy_expert(sql, binary.Reader(_ahead(parts)), size=1 << 20)


def _ahead(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Make the next part while PostgreSQL reads the one before."""
    with ThreadPoolExecutor(max_workers=1) as maker:
        coming = maker.submit(next, parts, None)
        while (part := coming.result()) is not None:
            coming = maker.submit(next, parts, None)
            yield part


def tidy() -> None:
    """Give the planner statistics and index-only scans their visibility map, two at a time."""
    with ThreadPoolExecutor(max_workers=2) as sweepers:
        for swept in [sweepers.submit(_sweep, table) for table in TABLES]:
            swept.result()


def _sweep(table: str) -> None:
    try:
        execute(f"VACUUM (ANALYZE) {table}")
    finally:
        connections[OWNER].close()
