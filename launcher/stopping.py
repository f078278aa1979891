"""Turns the first stop signal into KeyboardInterrupt and lets the cleaning up be.

Ctrl-C, ``kill`` and a closed terminal mean the same: stop everything in order. A second signal
must not tear that order apart; whoever cleans up asks ``hurried()`` and shortens its patience.
"""

import signal
from types import FrameType

_received: list[int] = []


def listen() -> None:
    """Take over INT, TERM and HUP; call from the main thread."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _on_signal)


def hurried() -> bool:
    """Tell whether a second signal arrived while things were being stopped."""
    return len(_received) > 1


def wanted() -> bool:
    """Tell whether anybody asked to stop."""
    return bool(_received)


def _on_signal(number: int, _frame: FrameType | None) -> None:
    _received.append(number)
    if len(_received) == 1:
        raise KeyboardInterrupt
