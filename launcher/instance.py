"""Who uses this checkout's servers: one server, or one command that started them for itself."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from launcher import locks
from launcher.failure import LaunchFailed
from launcher.places import Places

SERVER = "script/server"
START_SECONDS = 600.0


@contextmanager
def owned(places: Places, *, by: str) -> Iterator[None]:
    """Be the one instance of this checkout. Raises locks.Taken when there is another."""
    with locks.held(_lock(places), by=by):
        _record(places).unlink(missing_ok=True)
        try:
            yield
        finally:
            _record(places).unlink(missing_ok=True)


def announce(places: Places, env: Mapping[str, str]) -> None:
    """Let commands find the running, migrated servers. The file holds secrets: owner only."""
    # Only what we added: the rest of a command's environment is its own shell's.
    added = {name: value for name, value in env.items() if os.environ.get(name) != value}
    draft = _record(places).with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(added, file, indent=1)
    draft.replace(_record(places))


def environment_of_server(places: Places) -> dict[str, str] | None:
    """Return the variables of the running server, or None when none runs.

    Waits for one that is just starting, and for another command to end.
    """
    deadline = time.monotonic() + START_SECONDS
    told = False
    while not locks.is_free(_lock(places)):
        try:
            added: dict[str, str] = json.loads(_record(places).read_text(encoding="utf-8"))
            return dict(os.environ) | added
        except FileNotFoundError:
            pass
        if not told:
            told = True
            print(f"Waiting for {locks.holder(_lock(places))} …", flush=True)
        if time.monotonic() > deadline:
            raise LaunchFailed("The other command of this checkout did not end.")
        time.sleep(0.2)
    return None


def _lock(places: Places) -> Path:
    return places.run / "instance.lock"


def _record(places: Places) -> Path:
    return places.run / "services.json"
