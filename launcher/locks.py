"""One instance per checkout, by a lock the kernel releases however its holder ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from launcher.failure import LaunchFailed

LOOKS = 5


class Taken(LaunchFailed):
    """Somebody else holds the lock; ``holder`` is what they wrote about themselves."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"Already in use by {holder}.")
        self.holder = holder


@contextmanager
def held(path: Path, *, by: str, wait: bool = False) -> Iterator[None]:
    """Hold the lock at ``path``. Raises Taken at once unless ``wait``."""
    with path.open("a+", encoding="utf-8") as file:
        _acquire(file, wait=wait)
        file.seek(0)
        file.truncate()
        file.write(f"{by} (process {os.getpid()})")
        file.flush()
        yield


def is_free(path: Path) -> bool:
    """Tell whether nobody holds the lock right now, leaving no trace."""
    try:
        with path.open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except BlockingIOError:
        return False


def holder(path: Path) -> str:
    """Return what the holder wrote about itself."""
    try:
        return path.read_text(encoding="utf-8").strip() or "another process"
    except OSError:
        return "another process"


def _acquire(file: IO[str], *, wait: bool) -> None:
    if wait:
        fcntl.flock(file, fcntl.LOCK_EX)
        return
    for attempt in range(LOOKS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # Someone asking is_free holds it for an instant.
            if attempt + 1 < LOOKS:
                time.sleep(0.05)
        else:
            return
    file.seek(0)
    raise Taken(file.read().strip() or "another process")
