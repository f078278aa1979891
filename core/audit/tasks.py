from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.audit import services
from core.kernel.scoping import tenant


@shared_task(soft_time_limit=30, expires=60)
def anchor_head(brand_id: int) -> bool:
    """Rung every minute."""
    with tenant(brand_id):
        return services.anchor_head(brand_id=brand_id, now=timezone.now())


@shared_task(soft_time_limit=3600, expires=3600)
def check_chain(brand_id: int) -> None:
    """Rung every night, and by whoever wants to know now."""
    with tenant(brand_id):
        services.check_chain(brand_id=brand_id, now=timezone.now())
