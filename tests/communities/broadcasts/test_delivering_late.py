"""Marketing that missed its turn: by night, after an outage, or behind others that did."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from core.kernel.scoping import tenant
from tests.communities.broadcasts.test_delivering import deliver, sending, states
from tests.factories.communities import BroadcastFactory, DeliveryFactory, PolicyFactory

# Tomorrow's: what is put off until the morning after must not be due by the database's own clock.
NIGHT = datetime.now(ZoneInfo("Asia/Shanghai")).replace(hour=22, minute=0, second=0, microsecond=0)
NIGHT += timedelta(days=1)
MINUTE = timedelta(minutes=1)
pytestmark = pytest.mark.django_db


class TestMarketingByNight:
    @pytest.fixture
    def late(self, brand):
        PolicyFactory(
            brand=brand,
            kind="service",
            marketing_limit=1,
            marketing_window="day",
            quiet_from=time(21),
            quiet_until=time(9),
        )
        broadcast = sending(brand, 2, purpose="marketing")
        with tenant(brand.pk):
            broadcast.deliveries.update(is_marketing=True, due_at=NIGHT - timedelta(hours=2))
        return broadcast

    def test_waits_for_the_morning(self, brand, late):
        deliver(brand, now=NIGHT)
        assert states(late) == ["due", "due"]
        with tenant(brand.pk):
            [(due, claimable)] = late.deliveries.values_list("due_at", "claimable_at").distinct()
        assert due == claimable == NIGHT.replace(hour=9) + timedelta(days=1)

    def test_waits_longer_where_the_morning_is_taken(self, brand, late):
        with tenant(brand.pk):
            room = late.deliveries.first().room
        DeliveryFactory(
            brand=brand,
            room=room,
            is_marketing=True,
            state="sent",
            due_at=NIGHT + timedelta(hours=12),
        )
        deliver(brand, now=NIGHT)
        with tenant(brand.pk):
            due = late.deliveries.get(room=room).due_at
        assert due == NIGHT.replace(hour=9) + timedelta(days=2)

    def test_a_service_notice_does_not_wait(self, brand, late):
        with tenant(brand.pk):
            late.deliveries.update(is_marketing=False)
        deliver(brand, now=NIGHT)
        assert states(late) == ["sent", "sent"]

    def test_two_of_them_keep_the_gap_in_the_morning(self, brand, late):
        with tenant(brand.pk):
            delivery = late.deliveries.first()
            room = delivery.room
            room.community.kind = "conversion"
            room.community.save(update_fields=["kind"])
        shop(brand, quiet_from=time(21), quiet_until=time(9))
        before = timezone.now() - MINUTE
        other = behind(brand, room, due_at=NIGHT - timedelta(hours=1), claimable_at=before)
        deliver(brand, now=NIGHT)
        morning = NIGHT.replace(hour=9) + timedelta(days=1)
        assert due_times(late, other, room=room) == [morning, morning + 20 * MINUTE]


def shop(brand, **fields):
    """Thirty a day, twenty minutes apart."""
    wanted = {"marketing_limit": 30, "marketing_window": "day", "marketing_gap_minutes": 20}
    return PolicyFactory(brand=brand, kind="conversion", **wanted | fields)


def behind(brand, room, *, due_at, **fields):
    """One more broadcast on its way to the room."""
    broadcast = BroadcastFactory(
        brand=brand, state="sending", purpose="marketing", scheduled_at=timezone.now()
    )
    DeliveryFactory(
        brand=brand, broadcast=broadcast, room=room, is_marketing=True, due_at=due_at, **fields
    )
    return broadcast


def due_times(*broadcasts, room):
    with tenant(room.brand_id):
        return [broadcast.deliveries.get(room=room).due_at for broadcast in broadcasts]


class TestAfterAnOutage:
    @pytest.fixture
    def room(self, brand):
        shop(brand)
        broadcast = sending(brand, 1)
        with tenant(brand.pk):
            room = broadcast.deliveries.get().room
            room.community.kind = "conversion"
            room.community.save(update_fields=["kind"])
        deliver(brand)
        return room

    def test_what_has_piled_up_goes_out_one_by_one(self, brand, room):
        now = timezone.now()
        piled = [behind(brand, room, due_at=now - late * MINUTE) for late in (45, 25, 6)]
        deliver(brand, now=now)
        first, second, third = due_times(*piled, room=room)
        assert [states(one) for one in piled] == [["sent"], ["due"], ["due"]]
        assert abs(first - now) < MINUTE
        assert (second, third) == (first + 20 * MINUTE, first + 40 * MINUTE)

    def test_what_is_planned_keeps_its_time(self, brand, room):
        now = timezone.now()
        planned = behind(brand, room, due_at=now + 10 * MINUTE, claimable_at=now + 10 * MINUTE)
        late = behind(brand, room, due_at=now - 45 * MINUTE)
        deliver(brand, now=now)
        assert due_times(planned, late, room=room) == [now + 10 * MINUTE, now + 30 * MINUTE]

    def test_the_last_rooms_of_a_large_broadcast_are_not_late(self, brand, room):
        now = timezone.now()
        behind(brand, room, due_at=now + 18 * MINUTE, claimable_at=now + 18 * MINUTE)
        large = behind(brand, room, due_at=now - 2 * MINUTE)
        deliver(brand, now=now)
        assert states(large) == ["sent"]
        assert due_times(large, room=room) == [now - 2 * MINUTE]
