"""Each invariant holds after ordinary work and finds the breach it is made for."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from communities.broadcasts import delivering
from communities.broadcasts.invariants import INVARIANTS as BROADCASTS
from communities.broadcasts.models import Broadcast, Delivery
from communities.chat.invariants import INVARIANTS as CHAT
from communities.chat.models import RoomMessage
from communities.memberships.models import Membership
from core.kernel.scoping import tenant
from tests.factories.communities import DeliveryFactory, MembershipFactory

pytestmark = pytest.mark.django_db


def broken(brand):
    found = []
    for invariant in [*BROADCASTS, *CHAT]:
        with connection.cursor() as cursor:
            cursor.execute(invariant.sql, {"brand_id": brand.pk})
            if cursor.fetchall():
                found.append(invariant.name)
    return found


@pytest.fixture
def delivered(brand):
    seat = MembershipFactory(brand=brand)
    DeliveryFactory(brand=brand, room=seat.room)
    delivering.deliver_due(brand_id=brand.pk, now=timezone.now(), budget=timedelta(seconds=5))
    with tenant(brand.pk):
        yield brand


def test_all_hold_after_ordinary_work(delivered):
    assert broken(delivered) == []


@pytest.mark.parametrize(
    ("breach", "words"),
    [
        (lambda: Delivery.objects.update(message_seq=2), "is the message it names"),
        (lambda: Delivery.objects.update(state="cancelled"), "is a delivery sent"),
        (lambda: Delivery.objects.update(state="due"), "no finished broadcast"),
        (
            lambda: Delivery.objects.update(
                state="unknown", settled_at=timezone.now() - timedelta(hours=1)
            ),
            "quarter of an hour",
        ),
        (lambda: RoomMessage.objects.update(seq=3), "without a gap"),
        (lambda: Membership.objects.update(read_seq=9), "beyond"),
    ],
)
def test_each_finds_its_breach(delivered, breach, words):
    assert Broadcast.objects.get().state == "sent"
    breach()
    assert any(words in name for name in broken(delivered))
