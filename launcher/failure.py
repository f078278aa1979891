"""The one exception a person reads."""

from pathlib import Path

TAIL_LINES = 30


class LaunchFailed(Exception):
    """Something did not start or end as it must; the text says what and what to do."""


def with_log(what: str, log: Path) -> LaunchFailed:
    """Return a failure that shows the end of a log, which may be gone when it is read."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
    except OSError:
        lines = []
    shown = "".join(f"\n  | {line}" for line in lines)
    return LaunchFailed(f"{what} The end of {log}:{shown or ' (empty)'}")
