"""Bytes on disk under FILES_DIR: written beside their place, synced, then renamed into it."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from types import TracebackType

PART = ".part"
PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


class TooMany(Exception):
    """More bytes arrived than the writer accepts."""


def fresh_path(*, brand_id: int, now: datetime) -> str:
    """Return a relative path nobody can guess; nothing of the file's name is in it."""
    return f"{brand_id}/{now:%Y%m}/{secrets.token_hex(16)}"


def absolute(path: str) -> Path:
    """Return where a stored path lies.

    Raises:
        ValueError: it leads out of FILES_DIR.
    """
    root = Path(settings.FILES_DIR).resolve()
    full = (root / path).resolve()
    if not full.is_relative_to(root):
        raise ValueError(path)
    return full


class Writer:
    """A file being written: counts and hashes as it goes; appears under its path on ``keep``.

    Leaving the block without ``keep`` removes what was written.
    """

    def __init__(self, path: str, *, limit_bytes: int | None = None) -> None:
        """Prepare to write to ``path``, at most ``limit_bytes``."""
        self.path, self._limit = path, limit_bytes
        self.size_bytes, self._digest = 0, hashlib.sha256()
        self._place = absolute(path)
        self._part = self._place.with_name(self._place.name + PART)

    def __enter__(self) -> Self:
        self._part.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        self._file: BinaryIO = os.fdopen(os.open(self._part, flags, PRIVATE_FILE), "wb")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        self._part.unlink(missing_ok=True)

    # The rest of io.RawIOBase that csv, openpyxl and TextIOWrapper ask of a handle.
    def readable(self) -> bool:
        """Never."""
        return False

    def seekable(self) -> bool:
        """Never: the hash is taken in passing."""
        return False

    def writable(self) -> bool:
        """Until it is closed."""
        return not self._file.closed

    @property
    def closed(self) -> bool:
        """Whether nothing more can be written."""
        return self._file.closed

    def flush(self) -> None:
        """Hand the bytes to the operating system."""
        if not self._file.closed:
            self._file.flush()

    def close(self) -> None:
        """Part of the protocol; the file ends with ``keep`` or the block."""
        self.flush()

    def write(self, data: bytes) -> int:
        """Append.

        Raises:
            TooMany: the limit is passed; nothing is kept.
        """
        self.size_bytes += len(data)
        if self._limit is not None and self.size_bytes > self._limit:
            raise TooMany
        self._digest.update(data)
        return self._file.write(data)

    @property
    def sha256(self) -> str:
        """The hash of what was written so far."""
        return self._digest.hexdigest()

    def keep(self) -> None:
        """Put the finished file in its place; after a crash it is whole there or absent."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.rename(self._place)
        _sync_folder(self._place.parent)


def remove(path: str) -> None:
    """Delete the bytes; absent is fine."""
    absolute(path).unlink(missing_ok=True)


def paths_older_than(*, brand_id: int, before: datetime) -> Iterator[str]:
    """Yield the stored paths of a brand on disk that were last written before a time."""
    root = Path(settings.FILES_DIR).resolve()
    for file in (root / str(brand_id)).glob("*/*"):
        if file.is_file() and file.stat().st_mtime < before.timestamp():
            yield str(file.relative_to(root))


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
