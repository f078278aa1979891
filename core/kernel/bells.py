"""Ringing Celery after commit. The row is the work; a lost bell costs seconds, never the work."""

from __future__ import annotations

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def ring(task: str, *args: int) -> None:
    """Send ``task`` once the current transaction has committed; ids only.

    A broker that is down or flushed is no error: beat rings again within seconds.
    """

    def send() -> None:
        try:
            current_app.send_task(task, args=args, retry=False, ignore_result=True)
        except (OperationalError, OSError) as error:
            logger.warning("bell %s not rung, beat will: %s", task, error)

    transaction.on_commit(send, robust=True)
