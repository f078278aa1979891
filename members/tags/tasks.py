from __future__ import annotations

from datetime import datetime, timedelta

from celery import shared_task
from django.utils import timezone

from core.kernel.scoping import tenant
from core.kernel.sweeping import sweep
from members.tags import counting, services

SWEEP_FOR = timedelta(seconds=50)


@shared_task(soft_time_limit=120, expires=60)
def remove_expired_tags(brand_id: int) -> int:
    """Rung by beat, every minute. A lost or doubled bell is harmless.

    A batch a transaction, until none is due or the next bell is about to ring.
    """

    def batch(now: datetime) -> int:
        return services.remove_expired(brand_id=brand_id, now=now)

    return sweep(brand_id=brand_id, batch=batch, clock=timezone.now, budget=SWEEP_FOR)


@shared_task(soft_time_limit=120, expires=600)
def count_tags(brand_id: int) -> int:
    """Rung by beat; counts once for everybody who looks at the tags."""
    with tenant(brand_id):
        return len(counting.count_tags(brand_id=brand_id, now=timezone.now()))


@shared_task(soft_time_limit=60, expires=3600)
def apply_active_rules(brand_id: int) -> int:
    """Rung by beat every night; leaves a run per rule, which workers then step."""
    with tenant(brand_id):
        return services.apply_active_rules(brand_id=brand_id, now=timezone.now())
