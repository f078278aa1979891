from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.exports import services


@shared_task(soft_time_limit=600, expires=3600)
def lapse_export_requests(brand_id: int) -> int:
    """Rung every hour."""
    return services.lapse_due(brand_id=brand_id, now=timezone.now())
