"""Which keys a file has had already: 12 bytes a row, not a dictionary, for millions of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Hashes = NDArray[np.int64]
    Rows = NDArray[np.int32]


class SeenKeys:
    """Keys of earlier rows in sorted runs, merged as they grow: each look-up is a few searches.

    Keys are kept as Python's 64-bit hashes, keyed anew in each process, so that nobody can
    prepare a file whose keys collide; among a million rows one pair does by chance in 40 million
    files.

    One thread adds while another may look keys up: the runs are replaced, never changed.
    """

    def __init__(self) -> None:
        """Start with none."""
        self._runs: tuple[tuple[Hashes, Rows], ...] = ()

    def first_rows(self, keys: Sequence[str], rows: Sequence[int]) -> list[int]:
        """Return, for each key, the row that had it first, or 0 for a new one; remember the new."""
        hashes = np.fromiter(map(hash, keys), np.int64, len(keys))
        order = np.argsort(hashes, kind="stable")
        ordered = hashes[order]
        numbers = np.fromiter(rows, np.int32, len(rows))[order]
        is_repeated = np.zeros(len(ordered), bool)
        is_repeated[1:] = ordered[1:] == ordered[:-1]
        # The row of the first of each group of equal keys, for every member of the group.
        starts = np.flatnonzero(~is_repeated)
        firsts = numbers[starts][np.cumsum(~is_repeated) - 1] if len(starts) else numbers
        found = np.where(is_repeated, firsts, 0).astype(np.int32)
        self._look_up(ordered, found)
        is_new = found == 0
        self._add(ordered[is_new], numbers[is_new])
        result = np.empty(len(found), np.int32)
        result[order] = found
        rows_of_firsts: list[int] = result.tolist()
        return rows_of_firsts

    def find(self, keys: Sequence[str]) -> list[int]:
        """Return, for each key, the row that had it first, or 0; remember nothing."""
        found = np.zeros(len(keys), np.int32)
        self._look_up(np.fromiter(map(hash, keys), np.int64, len(keys)), found)
        rows: list[int] = found.tolist()
        return rows

    def _look_up(self, hashes: Hashes, found: Rows) -> None:
        """Put the rows of known keys into ``found``."""
        for run, run_rows in self._runs:
            at = np.minimum(np.searchsorted(run, hashes), len(run) - 1)
            hit = run[at] == hashes
            found[hit] = run_rows[at[hit]]

    def _add(self, hashes: Hashes, rows: Rows) -> None:
        if not len(hashes):
            return
        runs = [*self._runs, (hashes, rows)]
        while len(runs) > 1 and len(runs[-2][0]) <= 2 * len(runs[-1][0]):
            later, earlier = runs.pop(), runs.pop()
            merged = np.concatenate([earlier[0], later[0]])
            order = np.argsort(merged, kind="stable")
            numbers = np.concatenate([earlier[1], later[1]])
            runs.append((merged[order], numbers[order]))
        self._runs = tuple(runs)


class Met(NamedTuple):
    """The keys of members that a file has had so far: what its rows say, not whom they mean.

    ``phones`` and ``alone`` hold keyed hashes in hexadecimal; ``alone`` are the phones of rows
    without a customer number.
    """

    numbers: SeenKeys
    phones: SeenKeys
    alone: SeenKeys


class Occurrences:
    """The how-manieth row of equal content each row is, over the whole file."""

    def __init__(self) -> None:
        """Start with none."""
        self._seen = SeenKeys()
        self._counts: dict[str, int] = {}

    def ranks(self, keys: Sequence[str], rows: Sequence[int]) -> list[int]:
        """Return 1 for the first row of its content, 2 for the second, and so on."""
        ranks: list[int] = []
        for key, first in zip(keys, self._seen.first_rows(keys, rows), strict=True):
            if first:  # Only contents that do repeat are counted one by one.
                self._counts[key] = self._counts.get(key, 1) + 1
                ranks.append(self._counts[key])
            else:
                ranks.append(1)
        return ranks
