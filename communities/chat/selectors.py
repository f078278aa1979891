from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils.translation import gettext as _

from communities.broadcasts.models import Delivery
from communities.broadcasts.selectors import key_of_delivery
from communities.chat.models import RoomMessage
from communities.memberships.models import Membership
from core.kernel.errors import NotFound
from members.privacy.models import Consent

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

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


def feed(
    *,
    room: Room,
    limit: int,
    after: int | None = None,
    before: int | None = None,
    reader_id: int | None = None,
) -> Feed:
    """Return messages after ``after``, else before ``before``, else the newest.

    By number, which commits in order: whoever pages forward misses nothing and sees nothing twice.
    For ``reader_id``, marketing said since that member withdrew their consent is left out.

    Raises:
        NotFound: the reader has no seat in the room.
    """
    rows: QuerySet[RoomMessage] = RoomMessage.objects.filter(brand_id=room.brand_id, room=room)
    if reader_id is not None:
        rows = _as_read_by(reader_id, room, rows)
    if after is not None:
        found = list(rows.filter(seq__gt=after).order_by("seq")[: limit + 1])
        return Feed(found[:limit], after > 0 and bool(found), len(found) > limit)
    if before is not None:
        rows = rows.filter(seq__lt=before)
    found = list(rows.order_by("-seq")[: limit + 1])
    has_newer = before is not None and before <= room.last_seq
    return Feed(found[:limit][::-1], len(found) > limit, has_newer)


def _as_read_by(member_id: int, room: Room, rows: QuerySet[RoomMessage]) -> QuerySet[RoomMessage]:
    of_member = {"brand_id": room.brand_id, "member_id": member_id}
    if not Membership.objects.filter(**of_member, room=room, left_at=None).exists():
        raise NotFound(_("This member has no seat in the room."))
    refusals = Consent.objects.filter(**of_member, purpose=Consent.Purpose.MARKETING)
    withdrawn_at = refusals.values_list("withdrawn_at", flat=True).first()
    if withdrawn_at is None:
        return rows
    # By the key under which a message was sent: it stands from the moment the message does.
    adverts = Delivery.objects.filter(brand_id=room.brand_id, room=room, is_marketing=True)
    keyed = adverts.alias(key=key_of_delivery()).filter(key=OuterRef("dedupe_key"))
    return rows.exclude(Exists(keyed), created_at__gte=withdrawn_at)


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
