from __future__ import annotations

from datetime import datetime, timedelta

from celery import shared_task
from django.utils import timezone

from communities.communities import services
from core.kernel.sweeping import sweep

SWEEP_FOR = timedelta(seconds=240)


@shared_task(soft_time_limit=300, expires=300)
def close_ended(brand_id: int) -> int:
    """Rung by beat every five minutes. A lost or doubled bell is harmless.

    A batch a transaction, until none is due or the next bell is about to ring.
    """

    def batch(now: datetime) -> int:
        return services.close_ended(brand_id=brand_id, now=now)

    return sweep(brand_id=brand_id, batch=batch, clock=timezone.now, budget=SWEEP_FOR)
