"""Loads columns into tables by COPY, as the role that owns them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connections, transaction

from integrations.demo import binary

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

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


def execute(sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
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

    Row-level security refuses COPY, so the owner steps outside it. For many rows the indexes and
    foreign keys go first and are made anew, which checks every row again. All of it belongs to
    the caller's transaction: if that fails, nothing has changed.
    """
    if not connections[OWNER].in_atomic_block:
        raise transaction.TransactionManagementError("Open a transaction around the load.")
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    execute("SELECT set_config('maintenance_work_mem', '256MB', true)")
    there = execute("SELECT greatest(0, reltuples) FROM pg_class WHERE relname = %s", [TABLES[0]])
    rebuild = rows >= REBUILD_FROM and rows * MUCH_MORE > there[0][0]
    parts = [part for table in TABLES for part in _parts(table)] if rebuild else []
    # Foreign keys are checked anew over all brands, so their parents must be open as well.
    opened = [*TABLES, *_parents()]
    for table in opened:
        execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    for part in parts:
        execute(part.drop)
    yield
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    for part in reversed(parts):
        execute(part.restore)
    for table in opened:
        execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def _parents() -> list[str]:
    """Return the tables behind policies that TABLES refer to."""
    found = execute(
        """
        SELECT DISTINCT parent.relname FROM pg_constraint tie
        JOIN pg_class child ON child.oid = tie.conrelid
        JOIN pg_class parent ON parent.oid = tie.confrelid
        WHERE tie.contype = 'f' AND parent.relforcerowsecurity
          AND child.relname = ANY(%s) AND parent.relname <> ALL(%s)
        ORDER BY 1
        """,
        [list(TABLES), list(TABLES)],
    )
    return [name for (name,) in found]


def _parts(table: str) -> Iterator[_Part]:
    """Yield foreign keys first, then keys and indexes, except those another table refers to."""
    for name, definition in execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND contype = 'f' ORDER BY conname",
        [table],
    ):
        yield _constraint(table, name, definition)
    for index, constraint, constraint_definition, definition in execute(
        """
        SELECT i.indexrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid),
               pg_get_indexdef(i.indexrelid)
        FROM pg_index i
        LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x')
        WHERE i.indrelid = %s::regclass AND NOT EXISTS (
            SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.conindid = i.indexrelid
        )
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


def copy_lines(*, table: str, columns: Sequence[str], lines: Iterable[bytes]) -> None:
    """COPY rows given as text, many lines to a piece."""
    _copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN", lines)


def _copy(sql: str, parts: Iterable[bytes]) -> None:
    connection = connections[OWNER]
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.cursor.copy_expert(sql, binary.Reader(parts), size=1 << 20)


def tidy() -> None:
    """Give the planner statistics and index-only scans their visibility map."""
    for table in TABLES:
        execute(f"VACUUM (ANALYZE) {table}")
