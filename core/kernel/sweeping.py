"""What beat's bells sweep up: batch by batch, each in a transaction of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.kernel.scoping import tenant

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta


def sweep(
    *,
    brand_id: int,
    batch: Callable[[datetime], int],
    clock: Callable[[], datetime],
    budget: timedelta,
) -> int:
    """Do batches until one finds nothing or the budget is spent; return how much was done.

    ``batch`` is told the moment, works inside the brand and returns how much it did. The budget
    ends before the next bell, so that bells do not pile up.
    """
    began, done = clock(), 0
    while clock() - began < budget:
        with tenant(brand_id):
            found = batch(clock())
        if not found:
            break
        done += found
    return done
