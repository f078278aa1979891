"""Whose facts count when two members become one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from members.merging.ports import MergedField

# What every change of a row changes; it goes on counting when a merge is undone.
BOOKKEEPING = {"version", "updated_at"}


def is_blank(value: object) -> bool:
    """Whether a column says nothing."""
    return value is None or value == ""


def differs(*, field: MergedField, winner: Mapping[str, Any], loser: Mapping[str, Any]) -> bool:
    """Whether people have to choose: both know something, and not the same."""
    mine, theirs = winner[field.columns[0]], loser[field.columns[0]]
    return not field.combined and not is_blank(mine) and not is_blank(theirs) and mine != theirs


def columns_to_take(
    *,
    fields: Iterable[MergedField],
    winner: Mapping[str, Any],
    loser: Mapping[str, Any],
    take: Collection[str],
) -> dict[str, str]:
    """Return the columns of the winner that change, as SQL over ``w`` and ``l``."""
    taken: dict[str, str] = {}
    for field in fields:
        if field.combined:
            taken[field.columns[0]] = field.combined
            continue
        mine, theirs = winner[field.columns[0]], loser[field.columns[0]]
        if not is_blank(theirs) and mine != theirs and (field.key in take or is_blank(mine)):
            taken |= {column: f"l.{column}" for column in field.columns}
            taken |= field.along
    return taken


def difference(
    *, before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a row held and holds in the columns that changed, but for the bookkeeping."""
    changed = [name for name in after if name not in BOOKKEEPING and after[name] != before[name]]
    return {name: before[name] for name in changed}, {name: after[name] for name in changed}


def changed_facts(
    *,
    fields: Iterable[MergedField],
    kept: Mapping[str, Any],
    row: Mapping[str, Any],
    stays: Collection[str],
) -> list[list[str]]:
    """Return the columns a merge changed and the table still has, those of one fact together.

    Names become SQL only so. Facts in ``stays`` are left out.
    """
    found = []
    for field in fields:
        names = [name for name in field.written if name in kept and name in row]
        if names and field.key not in stays:
            found.append(names)
    return found
