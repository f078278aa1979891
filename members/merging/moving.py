"""The statements by which rows change hands, whatever table they are in, and come back.

Names of tables and columns come from the registry, which programmers fill; every value is a
parameter. Rows travel as JSON through ``jsonb_populate_recordset``, so that each column comes
back as it was, also one that the table gained since.
"""

# ruff: noqa: S608  names come from the registry, values are parameters
from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import connection

if TYPE_CHECKING:
    from members.merging.ports import Clash, MovedRows

Kept = dict[str, Any]


def lock(each: MovedRows, values: Kept) -> None:
    """Take the rows of both before any other lock that their triggers take."""
    _run(
        f"SELECT 1 FROM {each.table} WHERE brand_id = %(brand)s"
        f" AND {each.column} IN (%(winner)s, %(loser)s) ORDER BY {', '.join(each.key)} FOR UPDATE",
        values,
    )


def count(each: MovedRows, values: Kept) -> int:
    """Return how many rows the loser has."""
    [(number,)] = _run(
        f"SELECT count(*) FROM {each.table} WHERE brand_id = %(brand)s"
        f" AND {each.column} = %(loser)s",
        values,
    )
    return int(number)


def clashing(each: MovedRows, clash: Clash, values: Kept) -> list[Kept]:
    """Return the pairs of which one goes: both rows, and whether the loser's stays."""
    rows = _run(
        f"SELECT to_jsonb(w), to_jsonb(l), ({clash.loser_stays}) FROM {each.table} AS w"
        f" JOIN {each.table} AS l ON l.brand_id = w.brand_id AND ({clash.together})"
        f" WHERE w.brand_id = %(brand)s AND w.{each.column} = %(winner)s"
        f" AND l.{each.column} = %(loser)s",
        values,
    )
    return [
        {"winner": read(winner), "loser": read(loser), "loser_stays": stays}
        for winner, loser, stays in rows
    ]


def move(each: MovedRows, values: Kept) -> Kept:
    """Settle the clashes, give the loser's rows to the winner; return what undoing needs."""
    kept: Kept = {"moved": [], "dropped": [], "closed": []}
    if each.impossible:
        kept["dropped"] = _delete_impossible(each, values)
    for clash in each.clashes:
        going = [
            pair["winner"] if pair["loser_stays"] else pair["loser"]
            for pair in clashing(each, clash, values)
        ]
        going = list({json.dumps(row, sort_keys=True): row for row in going}.values())
        if not going:
            continue
        if clash.closed_by:
            kept["closed"] += _close(each, clash, going, values)
        else:
            _delete(each, going, values)
            kept["dropped"] += going
    mark = f", {each.marked} = coalesce(t.{each.marked}, %(loser)s)" if each.marked else ""
    keys = _run(
        f"UPDATE {each.table} AS t SET {each.column} = %(winner)s{mark}"
        f" WHERE t.brand_id = %(brand)s"
        f" AND t.{each.column} = %(loser)s RETURNING to_jsonb(t)",
        values,
    )
    rows = [read(row) for (row,) in keys]
    kept["moved"] = [{name: row[name] for name in each.key} for row in rows]
    if each.answers:
        kept["whole"] = [row | {each.column: values["loser"]} for row in rows]
    return {name: rows for name, rows in kept.items() if rows}


def give_back(each: MovedRows, kept: Kept, values: Kept) -> None:
    """Return rows to the loser, put back what was deleted, reopen what was closed.

    A row that went on to somebody else since, or is gone, is left alone. One that says something
    else since stays where it is, and the loser gets a copy of what it said.
    """
    changed = _changed(each, kept.get("whole", []), values)
    since = {_key(each, row) for row in changed}
    moved = [row for row in kept.get("moved", ()) if _key(each, row) not in since]
    if moved:
        mark = f", {each.marked} = nullif(t.{each.marked}, %(loser)s)" if each.marked else ""
        own = ", ".join(f"t.{name}" for name in each.key)
        told = ", ".join(f"k.{name}" for name in each.key)
        back = f"({own}) IN (SELECT {told} {_from(each, 'k')})"
        if each.follows:
            # In one statement with what they follow: between two, a sum could fall below zero.
            marked = f"t.{each.marked} IS NOT NULL AND t.{each.follows}"
            back = f"({back} OR {marked} IN (SELECT k.id {_from(each, 'k')}))"
        _run(
            f"UPDATE {each.table} AS t SET {each.column} = %(loser)s{mark}"
            f" WHERE t.brand_id = %(brand)s AND t.{each.column} = %(winner)s AND {back}",
            values | {"rows": _in_brand(moved, values)},
        )
    if changed:
        _leave_copies(each, changed, values)
    if kept.get("dropped"):
        _run(
            f"INSERT INTO {each.table}"
            f" SELECT k.* FROM jsonb_populate_recordset(NULL::{each.table}, %(rows)s::jsonb) AS k"
            f" WHERE {each.comes_back} ON CONFLICT DO NOTHING",
            values | {"rows": json.dumps(kept["dropped"])},
        )
    for index, clash in enumerate(each.clashes):
        rows = [row for row in kept.get("closed", ()) if row["clash"] == index]
        if rows:
            _reopen(each, clash, rows, values)


def settle(each: MovedRows, values: Kept) -> None:
    """Run what the table wants done when everything has come back."""
    if each.settled:
        _run(each.settled, values)


def hand_over(each: MovedRows, ids: list[int], values: Kept) -> int:
    """Give single rows of the loser to the winner; return how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {each.table} AS t SET {each.column} = %(winner)s"
            f" WHERE t.brand_id = %(brand)s AND t.{each.column} = %(loser)s"
            " AND t.id = ANY(%(ids)s)",
            values | {"ids": ids},
        )
        return int(cursor.rowcount)


def become(taken: Kept, theirs: Kept, values: Kept) -> Kept:
    """Write the winner's columns of ``taken``, SQL over ``w`` and ``l``; return the whole row."""
    sets = "".join(f", {column} = {value}" for column, value in taken.items())
    [(row,)] = _run(
        f"UPDATE members_member AS w SET version = w.version + 1, updated_at = %(now)s{sets}"
        " FROM jsonb_populate_record(NULL::members_member, %(theirs)s::jsonb) AS l"
        " WHERE w.brand_id = %(brand)s AND w.id = %(winner)s RETURNING to_jsonb(w)",
        values | {"theirs": json.dumps(theirs)},
    )
    found: Kept = read(row)
    return found


def restore(facts: list[list[str]], before: Kept, after: Kept, values: Kept) -> None:
    """Set back the columns of each fact of the winner that is still as the merge made it.

    Encrypted columns do not count in that: a rotation of the keys seals them anew, and the keyed
    hash beside them tells whether the number is the same.
    """
    record = "jsonb_populate_record(NULL::members_member, %({})s::jsonb)"
    sets = ""
    for columns in facts:
        told = [name for name in columns if not name.endswith("_cipher")]
        now, then = (", ".join(f"{alias}.{name}" for name in told) for alias in "wa")
        still = f"ROW({now}) IS NOT DISTINCT FROM ROW({then})"
        sets += "".join(
            f", {name} = CASE WHEN {still} THEN b.{name} ELSE w.{name} END" for name in columns
        )
    _run(
        f"UPDATE members_member AS w SET version = w.version + 1, updated_at = %(now)s{sets}"
        f" FROM {record.format('before')} AS b, {record.format('after')} AS a"
        " WHERE w.brand_id = %(brand)s AND w.id = %(winner)s",
        values | {"before": json.dumps(before), "after": json.dumps(after)},
    )


def _changed(each: MovedRows, whole: list[Kept], values: Kept) -> list[Kept]:
    """Return, as they were, the moved rows that say something else by now."""
    if not whole:
        return []
    now, then = (", ".join(f"{alias}.{name}" for name in each.answers) for alias in "tk")
    rows = _run(
        f"SELECT to_jsonb(k) FROM {each.table} AS t JOIN {_recordset(each, 'k')}"
        f" ON t.brand_id = %(brand)s AND t.{each.column} = %(winner)s AND {_same(each)}"
        f" WHERE ROW({now}) IS DISTINCT FROM ROW({then})",
        values | {"rows": json.dumps(whole)},
    )
    return [read(row) for (row,) in rows]


def _leave_copies(each: MovedRows, rows: list[Kept], values: Kept) -> None:
    """Give the loser rows as they were, under numbers of their own."""
    row = "row"
    if "id" in each.key:
        row += (
            f" || jsonb_build_object('id', nextval(pg_get_serial_sequence('{each.table}', 'id')))"
        )
    _run(
        f"INSERT INTO {each.table} SELECT k.* FROM jsonb_array_elements(%(rows)s::jsonb) AS row,"
        f" LATERAL jsonb_populate_record(NULL::{each.table}, {row}) AS k"
        f" WHERE {each.comes_back} ON CONFLICT DO NOTHING",
        values | {"rows": json.dumps(rows)},
    )


def _close(each: MovedRows, clash: Clash, going: list[Kept], values: Kept) -> list[Kept]:
    """Set the closing values; keep, row by row, what was there and what is there now."""
    sets = ", ".join(f"{name} = {value}" for name, value in clash.closed_by.items())
    after = _run(
        f"UPDATE {each.table} AS t SET {sets} {_from(each, 'k')}"
        f" WHERE t.brand_id = %(brand)s AND {_same(each)} RETURNING to_jsonb(t)",
        values | {"rows": json.dumps(going)},
    )
    names, index = list(clash.closed_by), each.clashes.index(clash)
    now = {_key(each, read(row)): read(row) for (row,) in after}
    return [
        {
            "clash": index,
            "key": {name: row[name] for name in each.key},
            "before": {name: row[name] for name in names},
            "after": {name: now[_key(each, row)][name] for name in names},
        }
        for row in going
    ]


def _reopen(each: MovedRows, clash: Clash, rows: list[Kept], values: Kept) -> None:
    """Set back the columns that still hold what closing set."""
    names = list(clash.closed_by)
    befores = json.dumps([row["key"] | row["before"] for row in rows])
    afters = json.dumps([row["key"] | row["after"] for row in rows])
    record = f"jsonb_populate_recordset(NULL::{each.table}, %({{}})s::jsonb)"
    joined = " AND ".join(f"a.{name} = k.{name}" for name in each.key)
    still = " AND ".join(f"t.{name} IS NOT DISTINCT FROM a.{name}" for name in names)
    sets = ", ".join(f"{name} = k.{name}" for name in names)
    _run(
        f"UPDATE {each.table} AS t SET {sets}"
        f" FROM {record.format('befores')} AS k JOIN {record.format('afters')} AS a ON {joined}"
        f" WHERE t.brand_id = %(brand)s AND {_same(each)} AND {still} AND ({clash.may_reopen})",
        values | {"befores": befores, "afters": afters},
    )


def _delete_impossible(each: MovedRows, values: Kept) -> list[Kept]:
    gone = _run(
        f"DELETE FROM {each.table} AS t WHERE t.brand_id = %(brand)s"
        f" AND t.{each.column} IN (%(winner)s, %(loser)s) AND ({each.impossible})"
        " RETURNING to_jsonb(t)",
        values,
    )
    return [read(row) for (row,) in gone]


def _delete(each: MovedRows, rows: list[Kept], values: Kept) -> None:
    holder = f"t.{each.column} = k.{each.column}"
    _run(
        f"DELETE FROM {each.table} AS t USING {_recordset(each, 'k')}"
        f" WHERE t.brand_id = %(brand)s AND {holder} AND {_same(each)}",
        values | {"rows": json.dumps(rows)},
    )


def _from(each: MovedRows, alias: str) -> str:
    return f"FROM {_recordset(each, alias)}"


def _recordset(each: MovedRows, alias: str) -> str:
    return f"jsonb_populate_recordset(NULL::{each.table}, %(rows)s::jsonb) AS {alias}"


def _same(each: MovedRows) -> str:
    return " AND ".join(f"t.{name} = k.{name}" for name in each.key)


def _key(each: MovedRows, row: Kept) -> str:
    return json.dumps([row[name] for name in each.key])


def _in_brand(keys: list[Kept], values: Kept) -> str:
    return json.dumps([key | {"brand_id": values["brand"]} for key in keys])


def read(value: Any) -> Any:
    """Return JSON that the driver gave as text or read already."""
    return json.loads(value) if isinstance(value, str) else value


def _run(sql: str, values: Kept) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall()) if cursor.description else []
