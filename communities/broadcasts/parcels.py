"""A delivery with all that its post is made of, read in one go for a whole batch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.db import connection
from django.utils.translation import gettext as _

from communities.broadcasts import rules
from communities.broadcasts.ports import Outcome, Result, RoomPost
from core.work.models import WorkRow
from core.work.services import Settlement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from communities.rooms.models import Room
    from core.organizations.models import Brand

# One row after the other, each by its key: LIMIT keeps the planner from joining whole brands. It
# takes a brand of which it has no sample yet for empty, and compared each room with each delivery.
LOAD = """
    SELECT delivery.id, delivery.fence, delivery.room_id, delivery.broadcast_id,
        delivery.is_marketing, delivery.due_at, broadcast.state, broadcast.body, broadcast.link,
        room.channel, room.member_count, room.name, community.kind, community.state, community.name,
        coalesce(regexp_replace(city.name, '市$', ''), ''), coalesce(dealer.name, ''),
        brand.name, coalesce(sender.name, brand.name)
    FROM unnest(%(ids)s::bigint[]) AS asked (id)
    CROSS JOIN (SELECT name FROM core_brand WHERE id = %(brand)s LIMIT 1) AS brand
    CROSS JOIN LATERAL (
        SELECT * FROM communities_delivery AS row
        WHERE row.brand_id = %(brand)s AND row.id = asked.id LIMIT 1
    ) AS delivery
    CROSS JOIN LATERAL (
        SELECT * FROM communities_broadcast AS row
        WHERE row.brand_id = %(brand)s AND row.id = delivery.broadcast_id LIMIT 1
    ) AS broadcast
    CROSS JOIN LATERAL (
        SELECT * FROM communities_room AS row
        WHERE row.brand_id = %(brand)s AND row.id = delivery.room_id LIMIT 1
    ) AS room
    CROSS JOIN LATERAL (
        SELECT * FROM communities_community AS row
        WHERE row.brand_id = %(brand)s AND row.id = room.community_id LIMIT 1
    ) AS community
    LEFT JOIN LATERAL (
        SELECT name FROM core_city AS row WHERE row.code = community.city_id LIMIT 1
    ) AS city ON true
    LEFT JOIN LATERAL (
        SELECT name FROM core_dealer AS row
        WHERE row.brand_id = %(brand)s AND row.id = community.dealer_id LIMIT 1
    ) AS dealer ON true
    LEFT JOIN LATERAL (
        SELECT name FROM core_dealer AS row
        WHERE row.brand_id = %(brand)s AND row.id = broadcast.dealer_id LIMIT 1
    ) AS sender ON true
    ORDER BY room.channel, delivery.id
"""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One delivery on its way, as a channel and the reports of a worker need it."""

    id: int
    fence: int
    room_id: int
    broadcast_id: int
    is_marketing: bool
    due_at: datetime
    broadcast_state: str
    body: str
    link: str
    channel: str
    people: int
    room: str
    kind: str
    community_state: str
    community: str
    city: str
    dealer: str
    brand: str
    sender: str
    is_refused: bool = False  # nobody in the room agrees to marketing any more

    @property
    def key(self) -> str:
        """The same whenever this delivery is tried again, and no other's."""
        return key_of(self.broadcast_id, self.room_id)

    def post(self) -> RoomPost:
        """Put the room's facts into the text."""
        facts = _facts(self.room, self.community, self.city, self.dealer or self.brand)
        return RoomPost(
            key=self.key,
            room_id=self.room_id,
            sender_label=self.sender,
            body=rules.render(self.body, facts),
            link=self.link,
        )

    def settled(self, outcome: Outcome) -> Settlement:
        """Return what is to be written down about it."""
        return Settlement(
            id=self.id,
            fence=self.fence,
            state=WorkRow.State(outcome.state),
            error=outcome.error,
            values={
                "message_seq": outcome.message_seq,
                "people_count": self.people if outcome.state == Result.SENT else None,
            },
        )


def _facts(room: str, community: str, city: str, dealer: str) -> dict[str, str]:
    return {
        "room": room,
        "community": community,
        "city": city or rules.NO_CITY,
        "dealer": dealer,
    }


def sample_facts(*, room: Room | None, brand: Brand) -> dict[str, str]:
    """Return what the variables say in one room, or in a made-up one."""
    if room is None:
        return _facts(_("Sample room 1"), _("Sample community"), "", brand.name)
    city, dealer = room.community.city, room.community.dealer
    return _facts(
        room.name,
        room.community.name,
        city.short_name if city else "",
        dealer.name if dealer else brand.name,
    )


def key_of(broadcast_id: int, room_id: int) -> str:
    """Return what a post of this broadcast to this room is known by to its channel."""
    return f"broadcast:{broadcast_id}/{room_id}"


REFUSERS = """
    SELECT seat.room_id, count(*) FROM members_consent AS consent
    JOIN communities_membership AS seat
        ON seat.brand_id = %(brand)s AND seat.member_id = consent.member_id
        AND seat.left_at IS NULL
    WHERE consent.brand_id = %(brand)s AND consent.purpose = 'marketing'
        AND consent.withdrawn_at IS NOT NULL AND seat.room_id = ANY(%(rooms)s)
    GROUP BY seat.room_id
"""


def still_agreeing(*, brand_id: int, parcels: Sequence[Parcel]) -> list[Parcel]:
    """Return the parcels as consents stand now: who withdrew theirs is counted no more."""
    rooms = [item.room_id for item in parcels if item.is_marketing]
    if not rooms:
        return list(parcels)
    with connection.cursor() as cursor:
        cursor.execute(REFUSERS, {"brand": brand_id, "rooms": rooms})
        refusers = dict(cursor.fetchall())
    return [
        replace(
            item,
            people=max(0, item.people - refusers.get(item.room_id, 0)),
            is_refused=(0 < item.people <= refusers.get(item.room_id, 0)),
        )
        if item.is_marketing
        else item
        for item in parcels
    ]


def load(*, brand_id: int, delivery_ids: Sequence[int]) -> list[Parcel]:
    """Return the parcels of these deliveries, those of one channel beside each other."""
    with connection.cursor() as cursor:
        cursor.execute(LOAD, {"brand": brand_id, "ids": list(delivery_ids)})
        return [Parcel(*row) for row in cursor.fetchall()]
