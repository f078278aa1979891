"""Pausing, going on and cancelling."""

from datetime import timedelta

import pytest

from communities.broadcasts import services
from communities.broadcasts.models import Delivery
from communities.broadcasts.services import NothingToSend, WrongState
from tests.communities.broadcasts.conftest import (
    NOW,
    had_marketing,
    marketing,
    reasons,
    room_with,
)
from tests.factories.communities import BroadcastFactory, PolicyFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def sending(inside_brand, actor):
    PolicyFactory(brand=inside_brand, kind="service")
    for _ in range(3):
        room_with(inside_brand)
    broadcast = marketing(inside_brand)
    services.confirm(broadcast_id=broadcast.pk, actor=actor, now=NOW)
    first = Delivery.objects.order_by("pk").first()
    Delivery.objects.filter(pk=first.pk).update(state="claimed", fence=1)
    return broadcast


def states():
    return sorted(Delivery.objects.values_list("state", flat=True))


def test_pausing_holds_what_is_due_and_leaves_what_is_in_hand(sending, actor):
    services.pause(broadcast_id=sending.pk, actor=actor, now=NOW)
    assert states() == ["claimed", "held", "held"]


def test_going_on_makes_it_due_again(sending, actor):
    services.pause(broadcast_id=sending.pk, actor=actor, now=NOW)
    resumed = services.resume(broadcast_id=sending.pk, actor=actor, now=NOW)
    assert resumed.rooms == 2
    assert states() == ["claimed", "due", "due"]
    sending.refresh_from_db()
    assert sending.state == "sending"


def test_going_on_leaves_out_rooms_whose_allowance_others_used_meanwhile(sending, actor):
    services.pause(broadcast_id=sending.pk, actor=actor, now=NOW)
    later = NOW + timedelta(days=7)
    held = Delivery.objects.filter(state="held").first()
    had_marketing(held.room, later)
    resumed = services.resume(broadcast_id=sending.pk, actor=actor, now=later)
    assert (resumed.rooms, reasons(resumed.exclusions)) == (1, {("quota", "service"): 1})
    held.refresh_from_db()
    assert (held.state, held.error) == ("cancelled", "left_out")
    assert Delivery.objects.get(state="due", broadcast=sending).due_at == later


def test_going_on_is_refused_when_no_room_is_left(sending, actor):
    services.pause(broadcast_id=sending.pk, actor=actor, now=NOW)
    for held in Delivery.objects.filter(state="held"):
        had_marketing(held.room, NOW)
    with pytest.raises(NothingToSend):
        services.resume(broadcast_id=sending.pk, actor=actor, now=NOW)
    sending.refresh_from_db()
    assert sending.state == "paused"


@pytest.mark.parametrize("paused_before", [True, False])
def test_cancelling_calls_off_what_was_not_begun(sending, actor, paused_before):
    if paused_before:
        services.pause(broadcast_id=sending.pk, actor=actor, now=NOW)
    services.cancel(broadcast_id=sending.pk, actor=actor, now=NOW)
    assert states() == ["cancelled", "cancelled", "claimed"]
    sending.refresh_from_db()
    assert (sending.state, sending.finished_at) == ("cancelled", NOW)


def test_a_draft_can_be_cancelled_too(inside_brand, actor):
    broadcast = BroadcastFactory(brand=inside_brand)
    assert services.cancel(broadcast_id=broadcast.pk, actor=actor, now=NOW).state == "cancelled"


@pytest.mark.parametrize(
    ("act", "state"),
    [
        (services.pause, "draft"),
        (services.pause, "paused"),
        (services.resume, "sending"),
        (services.cancel, "sent"),
        (services.cancel, "cancelled"),
    ],
)
def test_what_the_state_forbids_is_refused(inside_brand, actor, act, state):
    broadcast = BroadcastFactory(brand=inside_brand, state=state, scheduled_at=NOW)
    with pytest.raises(WrongState):
        act(broadcast_id=broadcast.pk, actor=actor, now=NOW)
    broadcast.refresh_from_db()
    assert broadcast.state == state
