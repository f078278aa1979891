"""Broadcasts that reached a member in their rooms, on the member's timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from core.kernel.access import Permission
from members.timeline.ports import Entry, TimelineSource

if TYPE_CHECKING:
    from core.kernel.access import Viewer
    from members.profiles.models import Member
    from members.timeline.rules import Before

BROADCAST = "broadcast"
# There is no row for each person: a delivery to a room reached whoever sat there when it was sent.
# Of every seat the newest deliveries within its time are read, no more than a page of them. Seats
# come first and apart, and bounds are plain comparisons: nothing else reaches the index under the
# policy, and a comparison of pairs would walk from now back to the end of an old seat.
REACHED = """
WITH seat AS MATERIALIZED (
    SELECT held.room_id, held.joined_at, coalesce(held.left_at, 'infinity') AS ends_at,
        held.read_seq
    FROM communities_membership held
    JOIN communities_community community
        ON community.brand_id = held.brand_id AND community.id = held.community_id
    WHERE held.brand_id = %(brand)s AND held.member_id = %(member)s
        AND held.joined_at <= %(at)s
        AND (%(everywhere)s OR community.dealer_id = ANY(%(dealers)s))
)
SELECT sent.settled_at, sent.id, sent.broadcast_id, row.name, row.purpose, room.id, room.name,
    sent.message_seq IS NOT NULL AND seat.read_seq >= sent.message_seq
FROM seat
CROSS JOIN LATERAL (
    SELECT delivery.settled_at, delivery.id, delivery.broadcast_id, delivery.message_seq
    FROM communities_delivery delivery
    WHERE delivery.brand_id = %(brand)s AND delivery.room_id = seat.room_id
        AND delivery.state = 'sent' AND delivery.settled_at >= seat.joined_at
        AND delivery.settled_at < seat.ends_at AND delivery.settled_at <= %(at)s
        AND (delivery.settled_at < %(at)s OR delivery.id < %(key)s)
    ORDER BY delivery.settled_at DESC, delivery.id DESC LIMIT %(limit)s
) AS sent
JOIN communities_broadcast row ON row.brand_id = %(brand)s AND row.id = sent.broadcast_id
JOIN communities_room room ON room.brand_id = %(brand)s AND room.id = seat.room_id
ORDER BY sent.settled_at DESC, sent.id DESC LIMIT %(limit)s
"""


def reached(*, member: Member, viewer: Viewer, before: Before, limit: int) -> list[Entry]:
    """Tell what was sent into the rooms a member sat in, and whether they read that far."""
    dealers = viewer.dealer_ids
    values: dict[str, Any] = {
        "brand": member.brand_id,
        "member": member.pk,
        "at": before.at,
        "key": before.key,
        "limit": limit,
        "everywhere": dealers is None,
        "dealers": sorted(dealers or ()),
    }
    with connection.cursor() as cursor:
        cursor.execute(REACHED, values)
        return [_told(*row) for row in cursor.fetchall()]


def _told(*row: Any) -> Entry:
    at, key, broadcast_id, name, purpose, room_id, room, is_read = row
    read = pgettext("broadcast", "read") if is_read else pgettext("broadcast", "not read yet")
    return Entry(
        at,
        BROADCAST,
        key,
        "broadcast.received",
        _("Was sent “%(broadcast)s”") % {"broadcast": name},
        f"{room} · {read}",
        url=reverse("communities:broadcasts-detail", args=[broadcast_id]),
        data={
            "broadcast": broadcast_id,
            "purpose": purpose,
            "room": room_id,
            "delivery": key,
            "is_read": is_read,
        },
    )


SOURCES = {
    BROADCAST: TimelineSource(
        gettext_lazy("Broadcasts"), "send", reached, Permission.BROADCASTS_VIEW, order=60
    )
}
