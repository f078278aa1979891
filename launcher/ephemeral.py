"""Folders that vanish with their maker, and the sweeping of those whose maker was killed."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launcher import children, locks

# A folder is made a moment before its lock is taken.
YOUNG_SECONDS = 60.0


@contextmanager
def folder(parent: Path, prefix: str) -> Iterator[Path]:
    """Make a folder, hold its lock, delete it at the end; first delete abandoned ones."""
    _sweep(parent, prefix)
    path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    try:
        with locks.held(path / "lock", by="its maker"):
            yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _sweep(parent: Path, prefix: str) -> None:
    """Delete folders of killed makers, ending first whatever still works in them."""
    for path in parent.glob(f"{prefix}*"):
        try:
            young = time.time() - path.stat().st_mtime < YOUNG_SECONDS
            lock = path / "lock"
            if young or not lock.exists() or not os.access(lock, os.W_OK):
                continue
            if locks.is_free(lock):
                children.end_strays(children.working_in(path), (signal.SIGTERM, 5.0))
                shutil.rmtree(path, ignore_errors=True)
        except OSError:
            continue  # another checkout sweeps the same place
