import pytest
from django.conf import settings

from communities.broadcasts import tasks
from core.kernel.scoping import tenant
from tests.factories.communities import DeliveryFactory

pytestmark = pytest.mark.django_db


def test_a_ring_delivers_what_is_due(brand):
    delivery = DeliveryFactory(brand=brand)
    assert tasks.deliver_due(brand.pk) == 1
    with tenant(brand.pk):
        delivery.refresh_from_db()
    assert delivery.state == "sent"


def test_a_ring_reconciles(brand):
    assert tasks.reconcile_unknown(brand.pk) == 0


def test_beat_rings_both_in_case_the_bell_was_lost():
    entries = settings.CELERY_BEAT_SCHEDULE.values()
    rung = {task for entry in entries for task in entry.get("args", ())}
    assert {tasks.deliver_due.name, tasks.reconcile_unknown.name} <= rung
