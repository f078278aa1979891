"""Beat's way into every brand."""

from __future__ import annotations

from celery import current_app, shared_task

from core.organizations.models import Brand


@shared_task(soft_time_limit=50, expires=30)
def for_each_brand(task: str) -> None:
    """Ring ``task`` once per brand, so that one brand's trouble stays its own."""
    for brand_id in Brand.objects.order_by("pk").values_list("pk", flat=True):
        current_app.send_task(task, args=[brand_id], expires=60)
