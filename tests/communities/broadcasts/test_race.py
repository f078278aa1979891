"""Two confirmations for the last allowance of a room."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from communities.broadcasts import audience, services
from communities.broadcasts.models import Delivery
from communities.broadcasts.services import NothingToSend
from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from tests.factories.communities import (
    BroadcastFactory,
    CommunityFactory,
    MembershipFactory,
    PolicyFactory,
    RoomFactory,
)

pytestmark = pytest.mark.django_db(transaction=True)


def rivals_confirm(brand, monkeypatch):
    """Make both judge before either writes, if nothing keeps the second one waiting."""
    PolicyFactory(brand=brand, kind="service", marketing_limit=1, marketing_window="day")
    community = CommunityFactory(brand=brand)
    for room in RoomFactory.create_batch(3, brand=brand, community=community):
        MembershipFactory(brand=brand, room=room)
    broadcasts = BroadcastFactory.create_batch(2, brand=brand, purpose="marketing")
    noon = timezone.localtime().replace(hour=12, minute=0) + timedelta(days=1)
    refused, meet = [], threading.Barrier(2, timeout=1.5)
    judge = audience.judge

    def judge_together(**kwargs):
        verdicts = judge(**kwargs)
        # Broken when the other one waits for our locks, as it should.
        with suppress(threading.BrokenBarrierError):
            meet.wait()
        return verdicts

    monkeypatch.setattr(audience, "judge", judge_together)

    def confirm(broadcast):
        try:
            services.confirm(broadcast_id=broadcast.pk, actor=system_viewer(brand.pk), now=noon)
        except NothingToSend:
            refused.append(broadcast)
        finally:
            connection.close()

    threads = [threading.Thread(target=confirm, args=[one]) for one in broadcasts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with tenant(brand.pk):
        return len(refused), Delivery.objects.count()


def test_one_of_two_gets_the_last_allowance(brand, monkeypatch):
    assert rivals_confirm(brand, monkeypatch) == (1, 3)


def test_without_the_rooms_locks_both_would_get_it(brand, monkeypatch):
    """The negative control: it is the lock that keeps the second one out."""
    monkeypatch.setattr(audience, "lock_rooms", lambda **_: None)
    assert rivals_confirm(brand, monkeypatch) == (0, 6)
