from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, F, Q

from communities.chat.models import RoomMessage
from communities.memberships.models import Membership

if TYPE_CHECKING:
    from datetime import datetime

    from communities.rooms.models import Room


@dataclass(frozen=True, slots=True)
class Feed:
    """A stretch of a room's conversation, the oldest first, and whether there is more around it."""

    messages: list[RoomMessage]
    has_older: bool
    has_newer: bool


@dataclass(frozen=True, slots=True)
class ReadState:
    """How many sit in a room, and how many of them have read up to its last message."""

    people: int
    up_to_date: int

    @property
    def behind(self) -> int:
        """How many have something unread."""
        return self.people - self.up_to_date


def feed(*, room: Room, limit: int, after: int | None = None, before: int | None = None) -> Feed:
    """Return messages after ``after``, else before ``before``, else the newest.

    By number, which commits in order: whoever pages forward misses nothing and sees nothing twice.
    """
    rows = RoomMessage.objects.filter(brand_id=room.brand_id, room=room)
    if after is not None:
        found = list(rows.filter(seq__gt=after).order_by("seq")[: limit + 1])
        return Feed(found[:limit], after > 0 and bool(found), len(found) > limit)
    if before is not None:
        rows = rows.filter(seq__lt=before)
    found = list(rows.order_by("-seq")[: limit + 1])
    has_newer = before is not None and before <= room.last_seq
    return Feed(found[:limit][::-1], len(found) > limit, has_newer)


def said_at(*, room: Room, seq: int) -> datetime | None:
    """Return when a message was said, if there is one with that number."""
    rows = RoomMessage.objects.filter(brand_id=room.brand_id, room=room, seq=seq)
    return rows.values_list("created_at", flat=True).first()


def read_state(*, room: Room) -> ReadState:
    """Return how far the room's people have read."""
    seats = Membership.objects.filter(brand_id=room.brand_id, room=room, left_at=None)
    counts = seats.aggregate(
        people=Count("pk"), up_to_date=Count("pk", filter=Q(read_seq__gte=F("room__last_seq")))
    )
    return ReadState(**counts)
