"""Does a fresh brand's work as workers of the product would: two jobs at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection

from core.runs import services as runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

WORKERS = 2
LONG_ENOUGH = timedelta(hours=1)


def side_by_side(jobs: Iterable[Callable[[], object]]) -> None:
    """Return when all jobs are done; each has a connection of its own."""

    def work(job: Callable[[], object]) -> None:
        try:
            job()
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as workers:
        for done in [workers.submit(work, job) for job in jobs]:
            done.result()


def work_off(*, brand_id: int, clock: Callable[[], datetime]) -> None:
    """Do the brand's runs that are due; return when nothing is due any more."""

    def work() -> None:
        runs.work_due(brand_id=brand_id, clock=clock, budget=LONG_ENOUGH)

    side_by_side([work] * WORKERS)
