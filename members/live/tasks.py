from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.kernel.scoping import tenant
from members.live import services

MOST_BATCHES = 50


@shared_task(soft_time_limit=120, expires=30)
def refresh_live_segments(brand_id: int) -> int:
    """Rung by beat and when a segment is made live. A lost or doubled bell is harmless."""
    taken = 0
    for _batch in range(MOST_BATCHES):
        with tenant(brand_id):
            marks = services.refresh(brand_id=brand_id, now=timezone.now())
        taken += marks or 0
        if marks is None or marks < services.BATCH:
            break
    return taken


@shared_task(soft_time_limit=1800, expires=3600)
def recompute_live_segments(brand_id: int) -> int:
    """Rung by beat every night."""
    with tenant(brand_id):
        return services.recompute_all(brand_id=brand_id, now=timezone.now()) or 0
