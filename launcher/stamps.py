"""Remembers what a finished step was made from, so that it is not done twice.

A stamp is written after the step, never before: a step that was interrupted is done again.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def digest(*texts: str, files: Iterable[Path] = ()) -> str:
    """Return one hash of the given texts and of the names and contents of the files."""
    total = hashlib.sha256()
    for text in texts:
        total.update(text.encode() + b"\0")
    for file in sorted(files):
        total.update(str(file).encode() + b"\0")
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def is_current(stamp: Path, value: str) -> bool:
    """Tell whether the step that left ``stamp`` was made from ``value``."""
    try:
        return stamp.read_text(encoding="utf-8") == value
    except OSError:
        return False


def write(stamp: Path, value: str) -> None:
    """Record a finished step in one atomic rename."""
    fresh = stamp.with_suffix(".new")
    fresh.write_text(value, encoding="utf-8")
    fresh.replace(stamp)
