"""Beat's way into every brand."""

from __future__ import annotations

from celery import current_app, shared_task
from django.utils import timezone

from core.kernel import invariants
from core.organizations.models import Brand


@shared_task(soft_time_limit=50, expires=30)
def for_each_brand(task: str, expires: int = 60) -> None:
    """Ring ``task`` once per brand, so that one brand's trouble stays its own.

    A bell that no worker hears within ``expires`` seconds is over: the next one is on its way.
    """
    for brand_id in Brand.objects.order_by("pk").values_list("pk", flat=True):
        current_app.send_task(task, args=[brand_id], expires=expires)


@shared_task
def check_invariants(after: int = 0) -> None:
    """Check the data of the brand that comes after one, then ring for the next; rung every night.

    One brand at a time, since it is heavy, with other work between two.
    """
    brand = Brand.objects.filter(pk__gt=after).order_by("pk").first()
    if brand is None:
        return
    try:
        invariants.check_by_night(brand=brand, now=timezone.now())
    finally:
        current_app.send_task(check_invariants.name, args=[brand.pk])
