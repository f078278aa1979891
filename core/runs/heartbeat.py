"""Keeps a run's lease while its worker is alive and at work."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Self

from django.db import DatabaseError, connection
from django.db.models.functions import Now

from core.kernel.scoping import tenant
from core.runs.models import Run

if TYPE_CHECKING:
    from datetime import timedelta
    from types import TracebackType

logger = logging.getLogger(__name__)


class Heartbeat:
    """Renews the lease from a thread with a connection of its own, three times a lease.

    It stops with the process: a worker that is killed or stopped loses its lease. It reads the
    database's clock, so that a machine with a wrong clock cannot hold a lease for ever.
    """

    def __init__(self, *, run: Run, lease: timedelta) -> None:
        """Prepare to renew ``run``'s lease by ``lease`` at a time."""
        self._run, self._lease = run, lease
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True, name=f"run-{run.pk}")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        try:
            while not self._stop.wait(self._lease.total_seconds() / 3):
                self._renew()
        finally:
            connection.close()

    def _renew(self) -> None:
        try:
            with tenant(self._run.brand_id):
                Run.objects.filter(
                    pk=self._run.pk, fence=self._run.fence, state=Run.State.RUNNING
                ).update(claimable_at=Now() + self._lease)
        except DatabaseError as error:
            logger.warning("run %s: lease not renewed: %s", self._run.pk, error)
            connection.close()
