from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from core.kernel.scoping import tenant
from events.points import services

SWEEP_FOR = timedelta(seconds=240)


@shared_task(soft_time_limit=300, expires=300)
def expire_points(brand_id: int) -> int:
    """Rung by beat every five minutes. A lost or doubled bell is harmless.

    A batch a transaction, until none is due or the next bell is about to ring.
    """
    began, looked_at = timezone.now(), 0
    while timezone.now() - began < SWEEP_FOR:
        with tenant(brand_id):
            batch = services.expire_due(brand_id=brand_id, now=timezone.now())
        if not batch:
            break
        looked_at += batch
    return looked_at
