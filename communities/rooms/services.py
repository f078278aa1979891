from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max

from communities.communities import services as communities
from communities.policies import rules as policy_rules
from communities.rooms.models import Room
from core.audit import services as audit
from core.kernel.access import Permission

if TYPE_CHECKING:
    from datetime import datetime

    from communities.communities.models import Community
    from communities.communities.services import Wanted
    from core.kernel.access import Viewer


@transaction.atomic
def open_community(*, wanted: Wanted, actor: Viewer, now: datetime) -> Community:
    """Create a community with its first room, so that whoever comes finds a seat.

    Raises:
        InvalidInput: see ``communities.services.create_community``.
    """
    community = communities.create_community(wanted=wanted, actor=actor, now=now)
    add_room(community=community, actor=actor, now=now)
    return community


@transaction.atomic
def open_next_room(*, community_id: int, actor: Viewer, now: datetime) -> Room:
    """Open the next numbered room by hand, even while others have seats.

    Raises:
        CommunityClosed: the community is closing or archived.
        NotFound: it does not exist for the actor.
    """
    actor.require(Permission.COMMUNITIES_EDIT)
    community = communities.lock_community(community_id=community_id, actor=actor)
    communities.require_open(community)
    return add_room(community=community, actor=actor, now=now)


def add_room(*, community: Community, actor: Viewer, now: datetime) -> Room:
    """Open the next room of a community that the caller has locked or just created."""
    rooms = Room.objects.filter(brand_id=community.brand_id, community=community)
    number = (rooms.aggregate(last=Max("number"))["last"] or 0) + 1
    room = Room.objects.create(
        brand_id=community.brand_id,
        community=community,
        number=number,
        name=policy_rules.room_name(community.room_name_template, number),
        cap=community.room_cap,
        created_at=now,
    )
    audit.record(
        action="community.room_opened",
        subject=community,
        actor=actor,
        now=now,
        data={"room": room.pk, "number": number, "cap": room.cap},
    )
    return room


def room_with_a_seat(*, community: Community, actor: Viewer, now: datetime) -> Room:
    """Return the open room with the lowest number that has a seat; opens one when all are full.

    The caller holds the community's lock: nobody else can take the seat before it commits.
    """
    room = (
        Room.objects.with_seats()
        .filter(brand_id=community.brand_id, community=community)
        .order_by("number")
        .first()
    )
    return room or add_room(community=community, actor=actor, now=now)


@transaction.atomic
def rename_rooms(*, community: Community, actor: Viewer, now: datetime) -> int:
    """Name every open room after the community's current template. Returns how many changed."""
    held = communities.lock_community(community_id=community.pk, actor=actor)
    communities.require_open(held)
    renamed = []
    for room in Room.objects.filter(community=held, state=Room.State.OPEN).order_by("pk"):
        name = policy_rules.room_name(held.room_name_template, room.number)
        if room.name != name:
            room.name = name
            renamed.append(room)
    Room.objects.bulk_update(renamed, ["name"], batch_size=500)
    if renamed:
        data = {"rooms": len(renamed)}
        audit.record(
            action="community.rooms_renamed", subject=held, actor=actor, now=now, data=data
        )
    return len(renamed)
