from datetime import time

import factory
from django.utils import timezone

from communities.broadcasts.models import Broadcast, Delivery
from communities.chat.models import RoomMessage
from communities.communities.models import Community
from communities.memberships.models import Membership
from communities.policies.models import CommunityPolicy
from communities.rooms.models import Room
from tests.factories.core import BrandFactory, BrandModelFactory, same_brand
from tests.factories.members import MemberFactory


class PolicyFactory(BrandModelFactory):
    """A kind's policy: by default one marketing message a week, at any hour."""

    class Meta:
        model = CommunityPolicy

    class Params:
        daytime_only = factory.Trait(quiet_from=time(21), quiet_until=time(9))

    brand = factory.SubFactory(BrandFactory)
    kind = "service"
    room_cap = 200
    name_template = "{city}{dealer}·{topic}交流群 {n}"
    marketing_limit = 1
    marketing_window = "week"
    created_by_label = "system"
    created_at = factory.LazyFunction(timezone.now)


class CommunityFactory(BrandModelFactory):
    class Meta:
        model = Community

    brand = factory.SubFactory(BrandFactory)
    kind = "service"
    name = factory.Sequence(lambda n: f"Community {n}")
    room_name_template = "{n}"
    room_cap = 200
    created_at = factory.LazyFunction(timezone.now)


class RoomFactory(BrandModelFactory):
    class Meta:
        model = Room

    brand = factory.SubFactory(BrandFactory)
    community = factory.SubFactory(CommunityFactory, brand=same_brand())
    number = factory.Sequence(lambda n: n + 1)
    name = factory.Sequence(lambda n: f"Room {n}")
    cap = 200
    created_at = factory.LazyFunction(timezone.now)


class MembershipFactory(BrandModelFactory):
    class Meta:
        model = Membership

    brand = factory.SubFactory(BrandFactory)
    room = factory.SubFactory(RoomFactory, brand=same_brand())
    community = factory.LazyAttribute(lambda o: o.room.community)
    member = factory.SubFactory(MemberFactory, brand=same_brand())
    source = "manual"
    joined_at = factory.LazyFunction(timezone.now)


class RoomMessageFactory(BrandModelFactory):
    """Writes a message as it stands; what the room counts is the caller's business."""

    class Meta:
        model = RoomMessage

    brand = factory.SubFactory(BrandFactory)
    room = factory.SubFactory(RoomFactory, brand=same_brand())
    seq = factory.Sequence(lambda n: n + 1)
    sender = "staff"
    sender_label = "Staff"
    body = "Hello"
    created_at = factory.LazyFunction(timezone.now)


class BroadcastFactory(BrandModelFactory):
    class Meta:
        model = Broadcast

    brand = factory.SubFactory(BrandFactory)
    name = factory.Sequence(lambda n: f"Broadcast {n}")
    purpose = "service"
    body = "Hello {room}"
    audience = factory.LazyFunction(dict)
    created_by_label = "system"
    created_at = factory.LazyFunction(timezone.now)


class DeliveryFactory(BrandModelFactory):
    class Meta:
        model = Delivery

    brand = factory.SubFactory(BrandFactory)
    broadcast = factory.SubFactory(
        BroadcastFactory,
        brand=same_brand(),
        state="sending",
        scheduled_at=factory.LazyFunction(timezone.now),
    )
    room = factory.SubFactory(RoomFactory, brand=same_brand())
    due_at = factory.LazyFunction(timezone.now)
    claimable_at = factory.SelfAttribute("due_at")
    is_marketing = False
