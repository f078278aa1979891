"""What must hold in the data of rooms' conversations."""

from __future__ import annotations

from core.kernel.invariants import Invariant

INVARIANTS = (
    Invariant(
        "a room's messages are numbered from one to its last without a gap",
        """
        SELECT room.id FROM communities_room AS room
        LEFT JOIN (
            SELECT room_id, count(*) AS said, min(seq) AS first, max(seq) AS last
            FROM communities_roommessage WHERE brand_id = %(brand_id)s GROUP BY room_id
        ) AS feed ON feed.room_id = room.id
        WHERE room.brand_id = %(brand_id)s AND (
            coalesce(feed.said, 0) <> room.last_seq
            OR (feed.said > 0 AND (feed.first <> 1 OR feed.last <> room.last_seq))
        )
        """,
    ),
    Invariant(
        "nobody has read beyond a room's last message",
        """
        SELECT membership.id FROM communities_membership AS membership
        JOIN communities_room AS room
            ON room.brand_id = membership.brand_id AND room.id = membership.room_id
        WHERE membership.brand_id = %(brand_id)s AND membership.read_seq > room.last_seq
        """,
    ),
)
