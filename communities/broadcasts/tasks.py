from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from communities.broadcasts import delivering, reconciling

# Short enough to share the worker among brands; beat rings again for the rest.
BUDGET = timedelta(seconds=45)


@shared_task(expires=60)
def deliver_due(brand_id: int) -> int:
    """Rung when a broadcast is confirmed, and by beat. A lost or doubled bell is harmless."""
    return delivering.deliver_due(brand_id=brand_id, now=timezone.now(), budget=BUDGET)


@shared_task(expires=60)
def reconcile_unknown(brand_id: int) -> int:
    """Rung by beat: nothing stays unknown for long."""
    return reconciling.reconcile_unknown(brand_id=brand_id, now=timezone.now())
