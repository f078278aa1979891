from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.staff.models import StaffSession


@shared_task(soft_time_limit=600, expires=3600)
def clear_expired_sessions() -> int:
    """Rung every night."""
    return StaffSession.objects.filter(expire_date__lt=timezone.now()).delete()[0]
