"""Ringing Celery after commit. The row is the work; a lost bell costs seconds, never the work."""

from __future__ import annotations

import logging
import time

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

# The Redis client tries a dead broker for seconds before it gives up. After that nobody else
# should wait: beat rings every 5 s anyway.
QUIET_SECONDS = 20.0
_quiet_until = 0.0


def ring(task: str, *args: int) -> None:
    """Send ``task`` once the current transaction has committed; ids only.

    A broker that is down or flushed is no error: beat rings again within seconds. One that did
    not answer is left alone for a while.
    """

    def send() -> None:
        global _quiet_until  # noqa: PLW0603  one per process, and a race costs one bell
        if time.monotonic() < _quiet_until:
            return
        try:
            current_app.send_task(task, args=args, retry=False, ignore_result=True)
        except (OperationalError, OSError) as error:
            _quiet_until = time.monotonic() + QUIET_SECONDS
            logger.warning("bell %s not rung, beat will: %s", task, error)

    transaction.on_commit(send, robust=True)
