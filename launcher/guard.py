"""Outlives a killed supervisor just long enough to end what it started.

The kernel tells every child of the supervisor's death, but only asks them: a Celery worker that
cannot reach its queue does not listen, and processes a child forked were never told. The guard
holds one end of a pipe; when the other end closes, whoever is left has a moment, then is killed.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launcher import children

GRACE_SECONDS = 3.0


@contextmanager
def posted(var: Path) -> Iterator[None]:
    """Have the processes supervised for ``var`` ended should we die inside."""
    guard = subprocess.Popen(
        [sys.executable, "-m", "launcher.guard", str(var)],
        stdin=subprocess.PIPE,
        cwd=Path(__file__).resolve().parents[1],
        start_new_session=True,
    )
    try:
        yield
    finally:
        guard.terminate()
        guard.wait()


def main(var: Path) -> None:
    """Wait for the supervisor's end, then see to the others'."""
    sys.stdin.read()
    deadline = time.monotonic() + GRACE_SECONDS
    while children.supervised_for(var) and time.monotonic() < deadline:
        time.sleep(0.1)
    children.end_strays(children.supervised_for(var))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
