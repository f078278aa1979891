"""Ringing Celery after commit. The row is the work; a lost bell costs seconds, never the work."""

from __future__ import annotations

import logging
import os
from functools import cache
from typing import Any

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError
from kombu.pools import ProducerPool

from core.kernel.faults import point
from core.kernel.outage import Outage

logger = logging.getLogger(__name__)

# Somebody waits for the page behind this, so a bell gets one short try. The options a worker
# listens with allow seconds, and kombu's own are to try again for as long as it takes.
ONE_SHORT_TRY = {"socket_connect_timeout": 0.25, "socket_timeout": 0.25, "max_retries": 0}

# A broker that did not answer is left alone for a while; beat rings every 5 s anyway.
silence = Outage(seconds=20)


def ring(task: str, *args: int) -> None:
    """Send ``task`` once the current transaction has committed; ids only.

    A broker that is down, flushed or mute is no error and costs the caller half a second at most:
    beat rings again within seconds.
    """

    def send() -> None:
        point("bells.before_ring")
        if silence.is_on():
            return
        try:
            with _producers(os.getpid()).acquire(block=True) as producer:
                current_app.send_task(
                    task, args=args, producer=producer, retry=False, ignore_result=True
                )
        except (OperationalError, OSError) as error:
            silence.begin()
            logger.warning("bell %s not rung, beat will: %s", task, error)

    transaction.on_commit(send, robust=True)


@cache
def _producers(_process: int) -> Any:
    """Return this process's connections for ringing: a forked child must not share a socket."""
    connection = current_app.connection_for_write(transport_options=ONE_SHORT_TRY)
    limit = current_app.conf.broker_pool_limit
    return ProducerPool(connections=connection.Pool(limit=limit), limit=limit)
