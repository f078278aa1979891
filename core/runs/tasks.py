from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from core.runs import services

# Below the broker's visibility timeout, and short enough to share the worker among brands.
BUDGET = timedelta(seconds=60)


@shared_task(expires=60)
def work_runs(brand_id: int) -> int:
    """Rung when a run is started, and by beat. A lost or doubled bell is harmless."""
    return services.work_due(brand_id=brand_id, clock=timezone.now, budget=BUDGET)
