"""Heads of the chains, written where the database cannot reach: whoever rewrites history there
cannot rewrite it here. One file per brand under AUDIT_ANCHOR_DIR, one line per anchored head:
time, brand, link number, hash.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from datetime import datetime


LONGEST_LINE = 200


class UnreadableAnchors(Exception):
    """A line of an anchor file is not one that was written here."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A head as it once was."""

    seq: int
    hash: bytes


def read(*, brand_id: int) -> list[Anchor]:
    """Return every anchored head of a brand, in the order of writing.

    Raises:
        UnreadableAnchors: the file was tampered with or damaged.
    """
    try:
        text = _file(brand_id).read_text("ascii")
    except FileNotFoundError:
        return []
    except UnicodeDecodeError as error:
        raise UnreadableAnchors(str(_file(brand_id))) from error
    return [_parse(line, brand_id) for line in text.split("\n")[:-1]]


def newest(*, brand_id: int) -> Anchor | None:
    """Return the head anchored last; reads only the end of the file."""
    try:
        with _file(brand_id).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 2 * LONGEST_LINE))
            lines = file.read().decode("ascii", "replace").split("\n")[:-1]
    except FileNotFoundError:
        return None
    return _parse(lines[-1], brand_id) if lines else None


def append(*, brand_id: int, seq: int, head: bytes, now: datetime) -> None:
    """Write a head down, durably. What a crash left of an unfinished line is removed first."""
    file = _file(brand_id)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    line = f"{now.isoformat()} {brand_id} {seq} {head.hex()}\n".encode()
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        _drop_unfinished(handle)
        os.write(handle, line)
        os.fsync(handle)
    finally:
        os.close(handle)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _drop_unfinished(handle: int) -> None:
    size = os.fstat(handle).st_size
    tail = os.pread(handle, LONGEST_LINE, max(0, size - LONGEST_LINE))
    os.ftruncate(handle, size - (len(tail) - 1 - tail.rfind(b"\n")))


def _file(brand_id: int) -> Path:
    return Path(settings.AUDIT_ANCHOR_DIR) / f"brand-{brand_id}.log"


def _parse(line: str, brand_id: int) -> Anchor:
    try:
        _time, brand, seq, digest = line.split(" ")
        anchor = Anchor(int(seq), bytes.fromhex(digest))
    except ValueError as error:
        raise UnreadableAnchors(line) from error
    if int(brand) != brand_id:
        raise UnreadableAnchors(line)
    return anchor
