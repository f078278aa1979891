from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from communities.broadcasts import delivering, reconciling
from communities.broadcasts.drafts import Draft
from core.kernel.access import Permission, Viewer
from tests.contracts.fakes import FakeChannel
from tests.factories.communities import (
    BroadcastFactory,
    CommunityFactory,
    DeliveryFactory,
    MembershipFactory,
    RoomFactory,
)
from tests.factories.members import MemberFactory

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=ZONE)  # a Saturday
MONDAY = datetime(2026, 11, 23, 0, 0, tzinfo=ZONE)


def room_with(brand, *members, kind="service", **fields):
    community = fields.pop("community", None) or CommunityFactory(brand=brand, kind=kind)
    room = RoomFactory(brand=brand, community=community, **fields)
    for member in members or [MemberFactory(brand=brand)]:
        MembershipFactory(brand=brand, room=room, community=community, member=member)
    return room


def marketing(brand, **fields):
    return BroadcastFactory(brand=brand, purpose="marketing", **fields)


def had_marketing(room, at):
    broadcast = BroadcastFactory(brand=room.brand, state="sent", scheduled_at=at)
    DeliveryFactory(
        brand=room.brand, broadcast=broadcast, room=room, due_at=at, is_marketing=True, state="sent"
    )


def draft(**fields):
    return Draft(
        **({"name": "冬季保养季", "purpose": "service", "body": "{群名}，降温了"} | fields)
    )


def reasons(exclusions):
    return {(one.reason, one.kind): one.rooms for one in exclusions}


def dealer_viewer(brand, *dealers):
    return Viewer(
        brand_id=brand.pk,
        label="dealer",
        permissions=frozenset({Permission.BROADCASTS_SEND}),
        dealer_ids=frozenset(dealer.pk for dealer in dealers),
    )


@pytest.fixture
def fake_channel(brand, monkeypatch):
    """A channel outside the database that every delivery goes through."""
    channel = FakeChannel(brand_id=brand.pk)
    for module in (delivering, reconciling):
        monkeypatch.setattr(module, "channel_of", lambda _name, brand_id: channel)
    return channel
