"""What conversations keep about a member: what they wrote, and what others wrote of them.

Messages keep their number, since a room's feed has no gaps; the text goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from communities.chat.models import RoomMessage
from members.erasure.ports import Holding, Search
from members.erasure.rules import GONE, Kind
from members.erasure.services import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from members.erasure.ports import Asked, Erasing, Searching

AT_ONCE = 5_000
SILENCE = """
UPDATE communities_roommessage
SET sender_id = NULL, sender_label = %(gone)s, body = %(gone)s, link = ''
WHERE brand_id = %(brand)s AND sender = 'member' AND sender_id = ANY(%(ids)s::bigint[])
"""
# Above a room's message, and up to another: one stretch of the feed.
STRETCH = """
SELECT max(seq) FROM (
    SELECT seq FROM communities_roommessage
    WHERE brand_id = %(brand)s AND room_id = %(room)s AND seq > %(at)s ORDER BY seq LIMIT %(most)s
) AS stretch
"""
NAMED = """
SELECT id FROM communities_roommessage
WHERE brand_id = %(brand)s AND room_id = %(room)s AND seq > %(at)s AND seq <= %(to)s
    AND concat_ws(' ', body, link, sender_label) ~ %(pattern)s
ORDER BY seq FOR NO KEY UPDATE
"""


def _silence(erasing: Erasing) -> None:
    with connection.cursor() as cursor:
        cursor.execute(SILENCE, erasing.params | {"gone": GONE})


def _tell(asked: Asked) -> Iterator[dict[str, Any]]:
    rows = RoomMessage.objects.filter(
        brand_id=asked.brand_id, sender=RoomMessage.Sender.MEMBER, sender_id=asked.member_id
    )
    for message in rows.select_related("room").order_by("pk"):
        yield {"at": message.created_at, "room": message.room.name, "body": message.body}


def _search(searching: Searching) -> Any:
    """Look through the rooms in which they sat, room after room."""
    rooms = sorted(
        {
            int(trace.text.removeprefix("room "))
            for trace in searching.traces.items
            if trace.kind == Kind.PLACE and trace.text.startswith("room ")
        }
    )
    room, seq = searching.at or (0, 0)
    left = [each for each in rooms if each >= room]
    pattern = searching.traces.pattern()
    if not left or not pattern:
        return None
    at = seq if left[0] == room else 0
    params = {"brand": searching.brand_id, "room": left[0], "at": at, "most": AT_ONCE}
    with connection.cursor() as cursor:
        cursor.execute(STRETCH, params)
        (to,) = cursor.fetchone()
        if to is None:
            return [left[0] + 1, 0]
        cursor.execute(NAMED, params | {"to": to, "pattern": pattern})
        found = [pk for (pk,) in cursor.fetchall()]
    for pk in found:
        clean(
            model=RoomMessage,
            pk=pk,
            columns=("body", "link", "sender_label"),
            searching=searching,
        )
    return [left[0], to]


HOLDINGS = (
    Holding(
        model=RoomMessage,
        columns=("sender_id",),
        label=_("Messages"),
        count="""
            SELECT count(*), 0 FROM communities_roommessage WHERE brand_id = %(brand)s
            AND sender = 'member' AND sender_id = ANY(%(ids)s::bigint[])
        """,
        erase=_silence,
        tell=_tell,
        fields={"at": _("Time"), "room": _("Room"), "body": _("Text")},
    ),
)
SEARCHES = (Search(model=RoomMessage, columns=("body", "link", "sender_label"), step=_search),)
