from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.kernel.scoping import tenant
from members.erasure import services


@shared_task(soft_time_limit=60, expires=120)
def start_due_erasures(brand_id: int) -> int:
    """Rung by beat, every minute; leaves a run for the deletions whose time has come."""
    with tenant(brand_id):
        run = services.start_due(brand_id=brand_id, now=timezone.now())
    return 0 if run is None else 1
