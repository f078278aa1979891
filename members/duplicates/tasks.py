from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.kernel.scoping import tenant
from members.duplicates import services


@shared_task(soft_time_limit=60, expires=3600)
def find_nightly(brand_id: int) -> bool:
    """Rung by beat every night; leaves a run, which workers then step."""
    with tenant(brand_id):
        return services.find_nightly(brand_id=brand_id, now=timezone.now())
