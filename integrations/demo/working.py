"""Does the brand's runs that are due, as workers of the product would."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection

from core.runs import services as runs

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

WORKERS = 2
LONG_ENOUGH = timedelta(hours=1)


def work_off(*, brand_id: int, clock: Callable[[], datetime]) -> None:
    """Return when nothing is due any more; two runs are under way at a time."""

    def work() -> None:
        try:
            runs.work_due(brand_id=brand_id, clock=clock, budget=LONG_ENOUGH)
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as workers:
        for worker in [workers.submit(work) for _ in range(WORKERS)]:
            worker.result()
