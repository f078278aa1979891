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
        elif not is_blank(loser[field.columns[0]]) and (
            field.key in take or is_blank(winner[field.columns[0]])
        ):
            taken |= {column: f"l.{column}" for column in field.columns}
    return taken


def known_columns(kept: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
    """Return the columns a merge kept that the table still has; names become SQL only so."""
    return [name for name in kept if name in row]
