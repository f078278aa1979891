"""Keeps long-running processes running: restarts what crashes, stops all in order."""

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from launcher import children
from launcher.failure import with_log

FIRST_DELAY, LONGEST_DELAY = 1.0, 30.0
# One that ran this long is not crashing in a loop: its next restart is immediate again.
STEADY_SECONDS = 60.0
TICK = 0.2

Signals = Sequence[tuple[int, float]]


@dataclass
class Service:
    """One process to keep, by the function that starts it.

    ``stop_with`` lists signals with the seconds to wait after each; without any, somebody else
    stops the process (the servers below outlive what stands on them).
    """

    name: str
    log: Path
    spawn: Callable[[], subprocess.Popen[bytes]]
    stop_with: Signals = ((signal.SIGTERM, 10.0),)
    process: subprocess.Popen[bytes] | None = None
    _started: float = field(default=0.0, repr=False)
    _delay: float = field(default=0.0, repr=False)
    _due: float | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start the process."""
        self._due = None
        self._started = time.monotonic()
        self.process = self.spawn()

    def look_after(self) -> None:
        """Plan a restart when the process has ended, and carry it out when its time has come."""
        now = time.monotonic()
        if self._due is not None:
            if now >= self._due:
                self.start()
            return
        code = self.process.poll() if self.process else None
        if code is None:
            return
        steady = now - self._started > STEADY_SECONDS
        self._delay = (
            FIRST_DELAY if steady else min(max(2 * self._delay, FIRST_DELAY), LONGEST_DELAY)
        )
        self._due = now + self._delay
        print(
            f"{self.name} ended ({_how(code)}); starting it again in {self._delay:.0f} s. "
            f"See {self.log}.",
            flush=True,
        )

    def stop(self) -> None:
        """Stop the process and whatever it started. Idempotent."""
        process, self.process = self.process, None
        if process is not None:
            children.finish(process, *self.stop_with)


@dataclass
class Supervisor:
    """The services in the order they start; they stop in the order given apart."""

    services: Sequence[Service]

    def start(self) -> None:
        """Start every service that nobody else started already."""
        for service in self.services:
            if service.process is None:
                service.start()

    def await_health(self, healthy: Callable[[], bool], *, seconds: float) -> None:
        """Return once ``healthy``. Raises LaunchFailed when a service ends before, or too late."""
        deadline = time.monotonic() + seconds
        while not healthy():
            for service in self.services:
                if service.process and service.process.poll() is not None:
                    raise with_log(f"{service.name} ended while starting.", service.log)
            if time.monotonic() > deadline:
                web = self.services[-1]
                raise with_log(f"No healthy answer within {seconds:.0f} s.", web.log)
            time.sleep(0.05)

    def watch(self) -> None:
        """Restart what ends, for ever; a stop signal breaks out as KeyboardInterrupt."""
        while True:
            for service in self.services:
                service.look_after()
            time.sleep(TICK)

    def stop(self) -> None:
        """Stop services from the last to the first; those after a failed stop are still stopped."""
        for service in reversed(self.services):
            if service.stop_with:
                service.stop()


def _how(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
