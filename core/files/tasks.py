from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.files import services


@shared_task(soft_time_limit=600, expires=3600)
def delete_expired_files(brand_id: int) -> int:
    """Rung every six hours."""
    return services.delete_expired(brand_id=brand_id, now=timezone.now())
