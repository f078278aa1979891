"""Named places where a test may kill, freeze or break a process.

``settings.FAULT_POINTS`` arms them; only the test settings read it from the environment, so in
every other setting ``point`` does nothing. It reads ``name=action`` or ``name=action@n`` (only the
n-th passage of the process), joined by commas:

    kill        SIGKILL to this process, as the kernel does when memory runs out
    stop        SIGSTOP to this process, until somebody sends SIGCONT
    fail        raise ``InjectedFault``
    wait:2.5    sleep for so many seconds
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from functools import cache

from django.conf import settings

_passages: Counter[str] = Counter()


class InjectedFault(RuntimeError):
    """A test asked for this failure."""


def point(name: str) -> None:
    """Mark a place of the code where a fault may be injected by tests."""
    if not settings.FAULT_POINTS:
        return
    action, passage = _armed(settings.FAULT_POINTS).get(name, ("", 0))
    if not action:
        return
    _passages[name] += 1
    if passage in {0, _passages[name]}:
        _act(name, action)


@cache
def _armed(text: str) -> dict[str, tuple[str, int]]:
    armed = {}
    for entry in text.split(","):
        name, _, rest = entry.strip().partition("=")
        action, _, passage = rest.partition("@")
        armed[name] = (action, int(passage or 0))
    return armed


def _act(name: str, action: str) -> None:
    verb, _, seconds = action.partition(":")
    if verb == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif verb == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif verb == "wait":
        time.sleep(float(seconds))
    else:
        raise InjectedFault(name)
