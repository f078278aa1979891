from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.retention import services


@shared_task(soft_time_limit=3600, expires=3600)
def purge_due(brand_id: int) -> int:
    """Rung by beat every night."""
    return sum(services.purge_due(brand_id=brand_id, now=timezone.now()).values())
