"""Confirming: one delivery per room, or a refusal that says when."""

from datetime import timedelta

import pytest

from communities.broadcasts import services
from communities.broadcasts.models import Delivery
from communities.broadcasts.services import NothingToSend, WrongState
from core.audit.models import AuditEntry
from core.kernel.errors import NotFound, StaleVersion
from tests.communities.broadcasts.conftest import (
    MONDAY,
    NOW,
    dealer_viewer,
    had_marketing,
    marketing,
    room_with,
)
from tests.factories.communities import BroadcastFactory, PolicyFactory
from tests.factories.core import DealerFactory

pytestmark = pytest.mark.django_db


def test_leaves_one_delivery_per_room_and_rings(inside_brand, actor):
    rooms = [room_with(inside_brand) for _ in range(3)]
    broadcast = BroadcastFactory(brand=inside_brand)
    confirmed = services.confirm(broadcast_id=broadcast.pk, actor=actor, now=NOW)
    assert confirmed.rooms == 3
    deliveries = Delivery.objects.order_by("room")
    assert [row.room_id for row in deliveries] == [room.pk for room in rooms]
    assert {(row.state, row.due_at, row.fence) for row in deliveries} == {("due", NOW, 0)}
    broadcast.refresh_from_db()
    assert (broadcast.state, broadcast.room_count, broadcast.people_count) == ("sending", 3, 3)
    assert AuditEntry.objects.get().data == {"rooms": 3}


def test_one_for_later_waits(inside_brand, actor):
    room_with(inside_brand)
    later = NOW + timedelta(hours=5)
    broadcast = BroadcastFactory(brand=inside_brand, scheduled_at=later)
    services.confirm(broadcast_id=broadcast.pk, actor=actor, now=NOW)
    broadcast.refresh_from_db()
    assert (broadcast.state, Delivery.objects.get().claimable_at) == ("scheduled", later)


def test_a_time_that_passed_meanwhile_means_now(inside_brand, actor):
    room_with(inside_brand)
    broadcast = BroadcastFactory(brand=inside_brand, scheduled_at=NOW - timedelta(hours=1))
    services.confirm(broadcast_id=broadcast.pk, actor=actor, now=NOW)
    assert Delivery.objects.get().due_at == NOW


def test_is_refused_with_reason_and_next_time_when_no_room_is_left(inside_brand, actor):
    PolicyFactory(brand=inside_brand, kind="service")
    had_marketing(room_with(inside_brand), NOW)
    broadcast = marketing(inside_brand)
    with pytest.raises(NothingToSend) as refused:
        services.confirm(broadcast_id=broadcast.pk, actor=actor, now=NOW)
    assert refused.value.facts["next_allowed_at"] == MONDAY.isoformat()
    assert refused.value.facts["exclusions"][0]["reason"] == "quota"
    broadcast.refresh_from_db()
    assert broadcast.state == "draft"
    assert Delivery.objects.filter(broadcast=broadcast).count() == 0


def test_sends_to_the_rest_and_remembers_who_was_left_out(inside_brand, actor):
    PolicyFactory(brand=inside_brand, kind="service")
    had_marketing(room_with(inside_brand), NOW)
    free = room_with(inside_brand)
    broadcast = marketing(inside_brand)
    services.confirm(broadcast_id=broadcast.pk, actor=actor, now=NOW)
    assert Delivery.objects.get(broadcast=broadcast).room_id == free.pk
    broadcast.refresh_from_db()
    [left_out] = broadcast.excluded
    assert (left_out["reason"], left_out["rooms"]) == ("quota", 1)


def test_twice_is_refused(inside_brand, actor):
    room_with(inside_brand)
    broadcast = BroadcastFactory(brand=inside_brand)
    services.confirm(broadcast_id=broadcast.pk, actor=actor, now=NOW)
    with pytest.raises(WrongState):
        services.confirm(broadcast_id=broadcast.pk, actor=actor, now=NOW)
    assert Delivery.objects.count() == 1


def test_a_draft_changed_meanwhile_is_not_confirmed(inside_brand, actor):
    room_with(inside_brand)
    broadcast = BroadcastFactory(brand=inside_brand, version=2)
    with pytest.raises(StaleVersion):
        services.confirm(broadcast_id=broadcast.pk, actor=actor, now=NOW, version=1)


def test_another_dealers_draft_does_not_exist(inside_brand):
    mine, other = DealerFactory.create_batch(2, brand=inside_brand)
    broadcast = BroadcastFactory(brand=inside_brand, dealer=other)
    viewer = dealer_viewer(inside_brand, mine)
    with pytest.raises(NotFound):
        services.confirm(broadcast_id=broadcast.pk, actor=viewer, now=NOW)


def test_takes_the_same_number_of_statements_for_any_number_of_rooms(
    inside_brand, actor, django_assert_max_num_queries
):
    for _ in range(12):
        room_with(inside_brand)
    broadcast = BroadcastFactory(brand=inside_brand)
    with django_assert_max_num_queries(22):
        services.confirm(broadcast_id=broadcast.pk, actor=actor, now=NOW)
