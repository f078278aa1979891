from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.idempotency import services
from core.kernel.scoping import tenant


@shared_task(soft_time_limit=60, expires=3600)
def sweep_idempotency_keys(brand_id: int) -> int:
    """Forget answers older than a week. Rung hourly by beat; a missed ring catches up."""
    with tenant(brand_id):
        return services.sweep(brand_id=brand_id, now=timezone.now())
