"""Single runs of the product's management commands, with their words kept for failures."""

import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from launcher import children
from launcher.failure import with_log
from launcher.places import Places


class Step:
    """A management command running in the background."""

    def __init__(self, places: Places, env: Mapping[str, str], arguments: Sequence[str]) -> None:
        """Start ``manage.py`` with ``arguments``."""
        self._words = " ".join(arguments)
        self._log = places.log / f"{arguments[0]}.log"
        self._log.unlink(missing_ok=True)
        argv: list[str | Path] = [sys.executable, places.root / "manage.py", *arguments]
        command = children.Command(argv=argv, env=env, log=self._log, cwd=places.root)
        self._process = children.spawn(command)

    def finish(self) -> str:
        """Wait for the end; return what it printed. Raises LaunchFailed with it on failure."""
        try:
            code = self._process.wait()
        finally:
            self.cancel()
        if code != 0:
            raise with_log(f"manage.py {self._words} failed.", self._log)
        return _text(self._log)

    def cancel(self) -> None:
        """End the command if it still runs. Idempotent."""
        children.finish(self._process, (signal.SIGTERM, 5))


def run(places: Places, env: Mapping[str, str], *arguments: str) -> str:
    """Run one management command to its end; return what it printed."""
    return Step(places, env, arguments).finish()


def migrate(places: Places, env: Mapping[str, str], *, quiet: bool = False) -> None:
    """Bring the schema up to date, as the role that owns it."""
    if not quiet:
        print("Migrating …", flush=True)
    run(places, env, "migrate", "--database=owner", "--no-input")


def _text(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")
