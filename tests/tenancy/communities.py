"""Entries of communities."""

from __future__ import annotations

from django.utils import timezone

from communities.broadcasts.models import Broadcast
from tests.factories.communities import (
    BroadcastFactory,
    CommunityFactory,
    DeliveryFactory,
    MembershipFactory,
    RoomFactory,
    RoomMessageFactory,
)
from tests.factories.members import MemberFactory
from tests.tenancy.samples import listing, row


def community(scope):
    return CommunityFactory(
        brand=scope.brand, dealer=scope.dealer, name=f"{scope.canary} community"
    )


def room_with_a_message(scope):
    made = RoomFactory(
        brand=scope.brand, community=community(scope), name=f"{scope.canary} room", last_seq=1
    )
    RoomMessageFactory(brand=scope.brand, room=made, seq=1, body=f"{scope.canary} message")
    return made


def room(scope):
    return {"room_id": room_with_a_message(scope).pk, "body": {"body": "Hello"}}


def seat(scope):
    """A room and one of its members, who has read nothing."""
    made = MembershipFactory(
        brand=scope.brand,
        room=room_with_a_message(scope),
        member=MemberFactory(brand=scope.brand, home_dealer=scope.dealer),
    )
    return {"room_id": made.room_id, "body": {"member": made.member_id, "seq": 1}}


def broadcast(**fields):
    def make(scope):
        made = BroadcastFactory(
            brand=scope.brand, dealer=scope.dealer, name=f"{scope.canary} broadcast", **fields
        )
        return {"pk": made.pk, "body": {"version": made.version}}

    return make


def deliveries(scope):
    made = broadcast(state="draft")(scope)
    return {"broadcast_id": made["pk"]}


def console_broadcast(**fields):
    """The same for the console's addresses."""

    def make(scope):
        made = BroadcastFactory(
            brand=scope.brand,
            dealer=scope.dealer,
            name=f"{scope.canary} broadcast",
            body=f"{scope.canary} text",
            **fields,
        )
        return {"broadcast_id": made.pk}

    return make


def sent_broadcast(scope):
    """A broadcast on its way, so that its room stands on the page too."""
    made = console_broadcast(state="sending", scheduled_at=timezone.now())(scope)
    DeliveryFactory(
        brand=scope.brand,
        broadcast=Broadcast(pk=made["broadcast_id"]),
        room=room_with_a_message(scope),
    )
    return made


def picker(scope):
    """Dealers and communities to choose from."""
    community(scope)
    return {"field": "community_ids"}


def console_room(scope):
    return {"room_id": room_with_a_message(scope).pk}


def new_broadcast(scope):
    return {
        "name": "New",
        "purpose": "service",
        "body": "Hello",
        "audience": {"dealer_ids": [scope.dealer.pk]},
        "dealer": scope.dealer.pk,
    }


ROUTES = {
    "communities:broadcasts-list": listing(),
    "communities:broadcasts-new": listing(),
    "communities:broadcasts-trial": listing(),
    "communities:broadcasts-choices": listing(picker),
    "communities:broadcasts-detail": row(sent_broadcast),
    "communities:broadcasts-edit": row(console_broadcast()),
    "communities:broadcasts-state": row(sent_broadcast),
    "communities:broadcasts-plan": row(console_broadcast()),
    "communities:broadcasts-deliveries": row(sent_broadcast),
    "communities:broadcasts-report": row(sent_broadcast),
    "communities:broadcasts-confirm": row(console_broadcast()),
    "communities:broadcasts-pause": row(sent_broadcast),
    "communities:broadcasts-resume": row(sent_broadcast),
    "communities:broadcasts-cancel": row(sent_broadcast),
    "communities:chat-room": row(console_room),
    "communities:chat-older": row(console_room),
    "communities:chat-newer": row(console_room),
    "communities:chat-post": row(console_room),
    "api:communities:broadcasts-list": listing(refers=new_broadcast),
    "api:communities:broadcasts-detail": row(broadcast()),
    "api:communities:broadcasts-cancel": row(broadcast()),
    "api:communities:broadcasts-confirm": row(broadcast()),
    "api:communities:broadcasts-dry-run": row(broadcast()),
    "api:communities:broadcasts-pause": row(broadcast()),
    "api:communities:broadcasts-report": row(broadcast()),
    "api:communities:broadcasts-resume": row(broadcast()),
    "api:communities:deliveries-list": row(deliveries),
    "api:communities:messages-list": row(room),
    "api:communities:read-position": row(seat),
}
