from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.sign_in import services


@shared_task(soft_time_limit=600, expires=3600)
def clear_expired_sessions() -> int:
    """Rung every night."""
    return services.clear_expired(now=timezone.now())
