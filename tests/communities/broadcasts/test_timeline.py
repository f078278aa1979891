from datetime import timedelta

import pytest

from communities.broadcasts.timeline import reached
from core.kernel.access import Permission, Viewer
from core.kernel.scoping import tenant
from members.timeline.rules import Before
from tests.factories.communities import DeliveryFactory, MembershipFactory, RoomFactory
from tests.factories.core import DealerFactory
from tests.factories.members import MemberFactory
from tests.members.timeline.conftest import NOON, send

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def told(member, viewer, before=None, limit=10):
    with tenant(member.brand_id):
        return reached(member=member, viewer=viewer, before=before or Before(), limit=limit)


def test_what_reached_a_seat_while_it_was_taken(brand, actor):
    member, room = MemberFactory(brand=brand), RoomFactory(brand=brand)
    MembershipFactory(
        brand=brand,
        room=room,
        member=member,
        joined_at=NOON,
        left_at=NOON + 5 * HOUR,
        read_seq=1,
    )
    sent = [send(room, NOON + n * HOUR) for n in (-1, 0, 1, 5, 6)]
    DeliveryFactory(brand=brand, room=room, state="failed", settled_at=NOON + 2 * HOUR)
    send(RoomFactory(brand=brand), NOON + HOUR)  # of others
    found = told(member, actor)
    assert [entry.key for entry in found] == [sent[2].pk, sent[1].pk]
    assert {entry.data["is_read"] for entry in found} == {True}
    assert [e.key for e in told(member, actor, limit=1)] == [sent[2].pk]
    rest = told(member, actor, Before(found[0].at, found[0].key))
    assert [entry.key for entry in rest] == [sent[1].pk]


def test_rooms_out_of_sight_tell_nothing(brand):
    mine, other = DealerFactory(brand=brand), DealerFactory(brand=brand)
    member = MemberFactory(brand=brand, home_dealer=mine)
    for dealer in (mine, other):
        room = RoomFactory(brand=brand, community__dealer=dealer)
        MembershipFactory(brand=brand, room=room, member=member, joined_at=NOON)
        send(room, NOON + HOUR)
    viewer = Viewer(
        brand.pk,
        "Dealer",
        staff_id=1,
        permissions=frozenset(Permission),
        dealer_ids=frozenset({mine.pk}),
    )
    (entry,) = told(member, viewer)
    assert entry.data["is_read"] is False
