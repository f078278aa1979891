"""Who was deleted, written where a restored backup cannot take it back.

One file per brand under AUDIT_ANCHOR_DIR, one line per member: time, brand, number, mark. A
number and a keyed hash tell nobody who it was. The line comes before the rows go, so that a step
that broke leaves one of a member who is still there; who takes such a deletion back adds a line
with the word ``withdrawn`` before the mark. The last line of a member counts.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One member who was deleted."""

    member_id: int
    mark: bytes


WITHDRAWN = "withdrawn"


class UnreadableJournal(Exception):
    """A line is not one that was written here."""


def append(
    *, brand_id: int, lines: Iterable[Line], now: datetime, is_withdrawn: bool = False
) -> None:
    """Write members down, durably; what a crash left of an unfinished line is ended first."""
    file = _file(brand_id)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    start, word = f"{now.isoformat()} {brand_id}", f" {WITHDRAWN}" if is_withdrawn else ""
    text = "".join(f"{start} {line.member_id}{word} {line.mark.hex()}\n" for line in lines)
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(handle).st_size
        is_whole = size == 0 or os.pread(handle, 1, size - 1) == b"\n"
        os.write(handle, (text if is_whole else f"\n{text}").encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read(*, brand_id: int) -> list[Line]:
    """Return every member that was deleted, and whose deletion was not taken back, each once.

    Raises:
        UnreadableJournal: a whole line was tampered with.
    """
    try:
        text = _file(brand_id).read_text("ascii")
    except FileNotFoundError:
        return []
    found: dict[Line, bool] = {}
    for written in filter(_whole, text.splitlines()):
        line, is_withdrawn = _parsed(written, brand_id)
        found[line] = not is_withdrawn
    return [line for line, is_gone in found.items() if is_gone]


def _whole(line: str) -> bool:
    """Whether a crash did not cut it: the mark, of 32 digits, comes last."""
    return len(line.split(" ")) in {4, 5} and len(line.rsplit(" ", 1)[1]) == 32


def _parsed(line: str, brand_id: int) -> tuple[Line, bool]:
    """Return whom a line is about, and whether it takes an earlier one back."""
    try:
        _time, brand, member_id, *word, mark = line.split(" ")
        if int(brand) == brand_id and word in ([], [WITHDRAWN]):
            return Line(int(member_id), bytes.fromhex(mark)), bool(word)
    except ValueError as error:
        raise UnreadableJournal(line) from error
    raise UnreadableJournal(line)


def _file(brand_id: int) -> Path:
    return Path(settings.AUDIT_ANCHOR_DIR) / f"erasures-{brand_id}.log"
