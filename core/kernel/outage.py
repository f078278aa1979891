"""Something outside does not answer: one caller finds out, the others need not wait as well."""

from __future__ import annotations

import time


class Outage:
    """Remembers for a while that something did not answer.

    One per process and thing. Threads may race for it: then a second one waits, and no more.
    """

    def __init__(self, *, seconds: float) -> None:
        """Believe for ``seconds`` that a failure lasts."""
        self._seconds = seconds
        self._until = 0.0

    def is_on(self) -> bool:
        """Whether it is not worth asking now."""
        return time.monotonic() < self._until

    def begin(self) -> None:
        """Note that there was no answer."""
        self._until = time.monotonic() + self._seconds

    def end(self) -> None:
        """Forget it."""
        self._until = 0.0
