"""A member to whom something of every kind has happened."""

from datetime import UTC, datetime, timedelta

import pytest

from core.audit import services as audit
from core.kernel.scoping import tenant
from members.identities.models import Identity
from members.lifecycle.models import StageChange
from members.merging.models import MemberMerge
from members.orders.models import Order
from members.privacy.models import Consent
from members.tags import services as tags
from members.vehicles.models import Ownership, ServiceVisit, Vehicle, VehicleModel
from tests.factories.communities import (
    BroadcastFactory,
    DeliveryFactory,
    MembershipFactory,
    RoomFactory,
)
from tests.factories.core import DealerFactory
from tests.factories.events import RegistrationFactory
from tests.factories.members import MemberFactory, TagFactory
from tests.factories.points import post

NOON = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)  # at noon where the brands are
HOUR = timedelta(hours=1)


@pytest.fixture
def member(brand):
    return MemberFactory(
        brand=brand,
        display_name="陈小宇",
        home_dealer=DealerFactory(brand=brand),
        joined_on=(NOON - timedelta(days=400)).date(),
        created_at=NOON - timedelta(days=30),
        source="import",
    )


@pytest.fixture
def history(brand, member, actor):
    """Let something of every kind happen; much of it at one and the same moment."""
    with tenant(brand.pk):
        for n in range(7):
            make_order(member, f"O-{n}", NOON - n // 3 * HOUR)
        for n in range(3):
            make_stage(member, NOON - n * HOUR)
        Identity.objects.create(
            brand=brand, member=member, kind="unionid", value="u-1", created_at=NOON
        )
        Consent.objects.create(
            brand=brand,
            member=member,
            purpose="marketing",
            version="v3",
            given_at=NOON,
            withdrawn_at=NOON,
            evidence="App",
        )
        make_car(member)
        MemberMerge.objects.create(
            brand=brand,
            winner=member,
            loser_id=1,
            loser_name="陈宇",
            loser={},
            before={},
            after={},
            moved={},
            merged_at=NOON,
            merged_by_label="林知夏",
            undone_at=NOON,
        )
    tag = TagFactory(brand=brand, name="露营")
    with tenant(brand.pk):
        tags.tag_members(tag=tag, member_ids=[member.pk], actor=actor, now=NOON)
        tags.untag_members(tag=tag, member_ids=[member.pk], actor=actor, now=NOON)
        audit.record(action="member.changed", subject=member, actor=actor, now=NOON)
    room = RoomFactory(brand=brand, community__dealer=member.home_dealer)
    MembershipFactory(
        brand=brand, room=room, member=member, joined_at=NOON - 9 * HOUR, left_at=NOON + HOUR
    )
    MembershipFactory(brand=brand, room=room, member=member, joined_at=NOON + 2 * HOUR)
    for at in (NOON - 10 * HOUR, NOON, NOON + 2 * HOUR):
        send(room, at)
    for state in ("registered", "checked_in", "cancelled"):
        RegistrationFactory(
            brand=brand,
            event__dealer=member.home_dealer,
            event__starts_at=NOON - 2 * HOUR,
            member=member,
            state=state,
            registered_at=NOON,
            checked_in_at=NOON if state == "checked_in" else None,
            cancelled_at=NOON if state == "cancelled" else None,
        )
    post(member, 60, occurred_at=NOON)
    return member


def make_order(member, number, at):
    return Order.objects.create(
        brand_id=member.brand_id,
        member=member,
        order_no=number,
        ordered_at=at,
        amount_fen=12_00,
    )


def make_stage(member, at, reason="dormant"):
    return StageChange.objects.create(
        brand_id=member.brand_id,
        member=member,
        from_stage="growth",
        to_stage="dormant",
        reason=reason,
        policy_version=0,
        at=at,
    )


def make_car(member):
    brand_id = member.brand_id
    model = VehicleModel.objects.create(brand_id=brand_id, code="E7", name="远航 E7")
    vehicle = Vehicle.objects.create(
        brand_id=brand_id,
        model=model,
        vin_cipher=b"x",
        vin_hash=b"hash",
        vin_tail="ABC123",
        created_at=NOON,
    )
    day = NOON.date()
    ServiceVisit.objects.bulk_create(
        ServiceVisit(
            brand_id=brand_id,
            vehicle=vehicle,
            visited_on=NOON.date() - timedelta(days=days),
            kind="repair",
            amount_fen=500,
            created_at=NOON,
        )
        for days in (0, 99, 99, 99, 300, 301)  # the first and the last are not the member's
    )
    Ownership.objects.create(
        brand_id=brand_id,
        vehicle=vehicle,
        member=member,
        delivered_on=day - timedelta(days=300),
        ended_on=day,
    )


def send(room, at):
    """A broadcast reached a room."""
    return DeliveryFactory(
        brand=room.brand,
        room=room,
        state="sent",
        settled_at=at,
        message_seq=1,
        broadcast=BroadcastFactory(
            brand=room.brand, name="冬季用车提醒", state="sent", scheduled_at=at
        ),
    )
