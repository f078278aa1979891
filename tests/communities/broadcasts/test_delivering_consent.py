"""Invariant 20: once a consent is withdrawn, no later claim of a running broadcast sends."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from communities.broadcasts import delivering
from communities.chat.models import RoomMessage
from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from members.privacy import services as privacy
from tests.factories.communities import (
    BroadcastFactory,
    CommunityFactory,
    DeliveryFactory,
    MembershipFactory,
    PolicyFactory,
    RoomFactory,
)
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
NOON = datetime.now(ZoneInfo("Asia/Shanghai")).replace(hour=12, minute=0, second=0, microsecond=0)


@pytest.fixture
def running(brand, settings):
    """A marketing broadcast to three rooms of one person each, sent a room at a time."""
    settings.DELIVERY_BATCH = 1
    PolicyFactory(brand=brand, kind="service")
    broadcast = BroadcastFactory(
        brand=brand, purpose="marketing", state="sending", scheduled_at=timezone.now()
    )
    people = MemberFactory.create_batch(3, brand=brand)
    for person in people:
        community = CommunityFactory(brand=brand)
        room = RoomFactory(brand=brand, community=community)
        MembershipFactory(brand=brand, room=room, community=community, member=person)
        DeliveryFactory(brand=brand, broadcast=broadcast, room=room, is_marketing=True)
    answer(people, privacy.give_consent)
    return broadcast, people


def answer(people, act):
    now = timezone.now()
    brand_id = people[0].brand_id
    with tenant(brand_id):
        actor = system_viewer(brand_id)
        if not privacy.current_text(brand_id=brand_id, purpose="marketing", now=now):
            privacy.add_text(
                purpose="marketing",
                version="1",
                body="We write to you.",
                effective_from=now - timedelta(days=1),
                needs_renewal=False,
                actor=actor,
                now=now,
            )
        for person in people:
            act(member=person, purpose="marketing", evidence="x", actor=actor, now=now)


def claim_and_send(brand, monkeypatch, between=lambda: None):
    """One worker's turn: claim one delivery, let something happen, then do what it does."""
    parcels = delivering._claim(brand.pk)
    between()
    channel = delivering.channel_of("in_app", brand_id=brand.pk)
    lease = delivering.time.monotonic() + 60
    delivering._deliver(brand.pk, parcels, channel=channel, now=NOON, lease_ends=lease)


def outcome(broadcast):
    with tenant(broadcast.brand_id):
        rows = broadcast.deliveries.order_by("pk").values_list("state", "error")
        return list(rows), RoomMessage.objects.count()


def test_no_later_claim_sends(running, brand, monkeypatch):
    broadcast, people = running
    claim_and_send(brand, monkeypatch)
    answer(people[1:2], privacy.withdraw_consent)
    claim_and_send(brand, monkeypatch)
    claim_and_send(brand, monkeypatch)
    states, messages = outcome(broadcast)
    assert states == [("sent", ""), ("cancelled", "no_consent"), ("sent", "")]
    assert messages == 2


def test_nor_does_one_that_was_claimed_just_before(running, brand, monkeypatch):
    broadcast, people = running
    claim_and_send(brand, monkeypatch, between=lambda: answer(people[:1], privacy.withdraw_consent))
    states, messages = outcome(broadcast)
    assert states[0] == ("cancelled", "no_consent")
    assert messages == 0


def test_without_the_look_before_sending_it_would_go_out(running, brand, monkeypatch):
    """The negative control: nothing else stops it."""
    broadcast, people = running
    answer(people, privacy.withdraw_consent)
    monkeypatch.setattr(delivering, "still_agreeing", lambda *, brand_id, parcels: list(parcels))
    claim_and_send(brand, monkeypatch)
    assert outcome(broadcast)[1] == 1


def test_who_withdrew_is_not_counted_as_reached_where_others_are(running, brand, monkeypatch):
    broadcast, _people = running
    with tenant(brand.pk):
        room = broadcast.deliveries.order_by("pk").first().room
        community = room.community
    refuser = MemberFactory(brand=brand)
    MembershipFactory(brand=brand, room=room, community=community, member=refuser)
    answer([refuser], privacy.give_consent)
    answer([refuser], privacy.withdraw_consent)
    claim_and_send(brand, monkeypatch)
    with tenant(brand.pk):
        delivery = broadcast.deliveries.order_by("pk").first()
        assert (delivery.state, delivery.people_count) == ("sent", 1)


def test_service_notices_do_not_ask(running, brand, monkeypatch):
    broadcast, people = running
    with tenant(brand.pk):
        broadcast.deliveries.update(is_marketing=False)
    answer(people, privacy.withdraw_consent)
    claim_and_send(brand, monkeypatch)
    assert outcome(broadcast)[1] == 1
