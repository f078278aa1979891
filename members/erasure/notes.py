"""The search through what people wrote about members, in rows that belong to other members.

These tables grow with the members, so that one statement looks through a stretch, and one takes
everybody out of what it found.
"""

# ruff: noqa: S608  names come from the registry, every value is a parameter
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection

from members.profiles.models import Member

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from django.db.models import Model

    from members.erasure.ports import Searching

    Row = tuple[Any, ...]
    Changed = Callable[[int, Sequence[int], datetime], None]

# Rows looked through at once.
STRETCH = 10_000


@dataclass(frozen=True, slots=True)
class Notes:
    """Where people write: text columns of a table, what names its rows, and whose these are.

    ``key`` are columns of integers that name a row of a brand; the first of them is that by which
    the table is walked. ``changed`` hears of the members whose rows lost something.
    """

    model: type[Model]
    columns: tuple[str, ...]
    key: tuple[str, ...]
    owner: str
    changed: Changed | None

    @property
    def table(self) -> str:
        """As statements name it."""
        return str(self.model._meta.db_table)


def step(searching: Searching, *, notes: Notes) -> Any:
    """Look through the next stretch; return where the one after it begins, or None."""
    low = int(searching.at or 0)
    high, pattern = _end(notes, searching.brand_id, low), searching.traces.pattern()
    if high is None or not pattern:
        return None
    params = {"brand": searching.brand_id, "low": low, "high": high, "pattern": pattern}
    owners = sorted({owner for (owner,) in _found(notes, (notes.owner,), params)})
    if owners:
        # In the order in which everybody waits who changes what belongs to members.
        held = Member.objects.filter(brand_id=searching.brand_id, pk__in=owners)
        list(held.order_by("pk").select_for_update(no_key=True).values_list("pk"))
        _clean(notes, searching, params)
    return high


def _end(notes: Notes, brand_id: int, low: int) -> int | None:
    walk = notes.key[0]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT max({walk}) FROM (SELECT {walk} FROM {notes.table}"
            f" WHERE brand_id = %s AND {walk} > %s ORDER BY {walk} LIMIT %s) AS stretch",
            [brand_id, low, STRETCH],
        )
        (high,) = cursor.fetchone()
    return None if high is None else int(high)


def _found(
    notes: Notes, columns: tuple[str, ...], params: dict[str, Any], lock: str = ""
) -> list[Row]:
    walk, text = notes.key[0], f"concat_ws(' ', {', '.join(notes.columns)})"
    with connection.cursor() as cursor:
        # Most rows hold no text, and the pattern of a hundred people takes its time.
        cursor.execute(
            f"SELECT {', '.join(columns)} FROM {notes.table}"
            f" WHERE brand_id = %(brand)s AND {walk} > %(low)s AND {walk} <= %(high)s"
            f" AND {text} <> '' AND {text} ~ %(pattern)s"
            f" ORDER BY {', '.join(notes.key)} {lock}",
            params,
        )
        return list(cursor.fetchall())


def _clean(notes: Notes, searching: Searching, params: dict[str, Any]) -> None:
    width, without = len(notes.key), searching.traces.without
    columns = (*notes.key, *notes.columns, notes.owner)
    rows, owners = [], set()
    for row in _found(notes, columns, params, "FOR NO KEY UPDATE"):
        before = row[width:-1]
        after = tuple(without(text) for text in before)
        if after != before:
            rows.append(row[:width] + after)
            owners.add(row[-1])
    if not rows:
        return
    _write(notes, searching.brand_id, rows)
    if notes.changed is not None:
        notes.changed(searching.brand_id, sorted(owners), searching.now)


def _write(notes: Notes, brand_id: int, rows: list[Row]) -> None:
    types = ["bigint[]"] * len(notes.key) + ["text[]"] * len(notes.columns)
    given = ", ".join(f"%s::{each}" for each in types)
    names = ", ".join([*notes.key, *notes.columns])
    sets = ", ".join(f"{column} = cleaned.{column}" for column in notes.columns)
    same = " AND ".join(f"held.{column} = cleaned.{column}" for column in notes.key)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {notes.table} AS held SET {sets} FROM unnest({given}) AS cleaned ({names})"
            f" WHERE held.brand_id = %s AND {same}",
            [*(list(column) for column in zip(*rows, strict=True)), brand_id],
        )
