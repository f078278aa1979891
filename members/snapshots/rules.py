"""How a difference of two snapshots is named in an address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_WRITTEN = re.compile(r"([1-9][0-9]{0,17})(?:(-|\.)([1-9][0-9]{0,17}))?").fullmatch


class Side(StrEnum):
    """Which members of two snapshots are meant: of the later one, of the earlier one, of both."""

    PLUS = "plus"
    MINUS = "minus"
    STAYED = "stayed"


@dataclass(frozen=True, slots=True)
class Part:
    """Members of a snapshot: all, those who are not in another one, or those who are in both."""

    snapshot_id: int
    other_id: int | None = None
    is_in_both: bool = False

    def __str__(self) -> str:
        """Return it as an address says it: ``7``, ``7-5`` (not in 5), ``7.5`` (in both)."""
        if self.other_id is None:
            return str(self.snapshot_id)
        return f"{self.snapshot_id}{'.' if self.is_in_both else '-'}{self.other_id}"


def part_of(text: str) -> Part | None:
    """Return what an address says, or None where it says nothing that makes sense."""
    found = _WRITTEN(text)
    if found is None:
        return None
    own, sign, other = found.groups()
    return Part(int(own), int(other) if other else None, is_in_both=sign == ".")


def side_of(*, side: Side, later: int, earlier: int) -> Part:
    """Return the part of two snapshots that a side means."""
    if side == Side.PLUS:
        return Part(later, earlier)
    if side == Side.MINUS:
        return Part(earlier, later)
    return Part(later, earlier, is_in_both=True)
