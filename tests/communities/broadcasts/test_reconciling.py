from datetime import timedelta

import pytest
from django.utils import timezone

from communities.broadcasts import reconciling
from communities.broadcasts.models import Delivery
from core.kernel.scoping import tenant
from core.work import services as work
from tests.factories.communities import BroadcastFactory, DeliveryFactory

pytestmark = pytest.mark.django_db


def unknown(brand, age=timedelta(minutes=1), state="sending", **fields):
    broadcast = BroadcastFactory(brand=brand, state=state, scheduled_at=timezone.now())
    return DeliveryFactory(
        brand=brand,
        broadcast=broadcast,
        state="unknown",
        settled_at=timezone.now() - age,
        **({"fence": 1} | fields),
    )


def reconcile(brand):
    return reconciling.reconcile_unknown(brand_id=brand.pk, now=timezone.now())


def now_of(delivery):
    with tenant(delivery.brand_id):
        return Delivery.objects.select_related("broadcast").get(pk=delivery.pk)


def arrive(channel, delivery):
    [parcel] = reconciling.load(brand_id=delivery.brand_id, delivery_ids=[delivery.pk])
    channel.send_batch([parcel.post()])
    return parcel


def test_what_arrived_is_sent_and_the_broadcast_done(brand, fake_channel):
    delivery = unknown(brand)
    with tenant(brand.pk):
        arrive(fake_channel, delivery)
    assert reconcile(brand) == 1
    row = now_of(delivery)
    assert (row.state, row.message_seq, row.broadcast.state) == ("sent", 1, "sent")


def test_what_never_arrived_goes_back_into_the_queue(brand, fake_channel):
    delivery = unknown(brand)
    assert reconcile(brand) == 1
    assert now_of(delivery).state == "due"
    assert fake_channel.calls == []


def test_what_may_still_be_on_its_way_is_left_alone(brand, fake_channel):
    delivery = unknown(brand, age=timedelta(seconds=5))
    assert reconcile(brand) == 0
    assert now_of(delivery).state == "unknown"


def test_what_was_tried_too_often_is_given_up(brand, fake_channel):
    delivery = unknown(brand, fence=work.MAX_CLAIMS + 1)
    reconcile(brand)
    row = now_of(delivery)
    assert (row.state, row.error, row.broadcast.state) == ("failed", "never_arrived", "sent")


def test_after_a_quarter_of_an_hour_nothing_is_unknown(brand, fake_channel):
    delivery = unknown(brand, age=timedelta(minutes=14))
    reconcile(brand)
    assert now_of(delivery).state == "failed"


@pytest.mark.parametrize(("state", "becomes"), [("paused", "held"), ("cancelled", "cancelled")])
def test_a_stopped_broadcast_gets_no_new_deliveries(brand, fake_channel, state, becomes):
    delivery = unknown(brand, state=state)
    reconcile(brand)
    assert now_of(delivery).state == becomes
