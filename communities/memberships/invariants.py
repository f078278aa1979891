"""What must hold of rooms and seats."""

from __future__ import annotations

from core.kernel.invariants import Invariant

INVARIANTS = (
    Invariant(
        "no room holds more people than its cap",
        "SELECT id, member_count, cap FROM communities_room"
        " WHERE brand_id = %(brand_id)s AND member_count > cap",
    ),
    Invariant(
        "every room counts the seats that are taken in it",
        """
        SELECT room.id, room.member_count, coalesce(taken.seats, 0)
        FROM communities_room AS room
        LEFT JOIN (
            SELECT room_id, count(*) AS seats FROM communities_membership
            WHERE brand_id = %(brand_id)s AND left_at IS NULL GROUP BY room_id
        ) AS taken ON taken.room_id = room.id
        WHERE room.brand_id = %(brand_id)s AND room.member_count <> coalesce(taken.seats, 0)
        """,
    ),
    Invariant(
        "nobody has two seats in one community",
        """
        SELECT community_id, member_id FROM communities_membership
        WHERE brand_id = %(brand_id)s AND left_at IS NULL
        GROUP BY community_id, member_id HAVING count(*) > 1
        """,
    ),
    Invariant(
        "every seat stands in a room of its own community",
        """
        SELECT seat.id FROM communities_membership AS seat
        LEFT JOIN communities_room AS room
            ON room.brand_id = seat.brand_id AND room.id = seat.room_id
            AND room.community_id = seat.community_id
        WHERE seat.brand_id = %(brand_id)s AND room.id IS NULL
        """,
    ),
    Invariant(
        "the rooms of a community are numbered without gaps",
        """
        SELECT community_id, count(*), max(number) FROM communities_room
        WHERE brand_id = %(brand_id)s GROUP BY community_id
        HAVING count(*) <> max(number) OR min(number) <> 1
        """,
    ),
    Invariant(
        "nobody sits in an archived community",
        """
        SELECT seat.id FROM communities_membership AS seat
        JOIN communities_community AS home
            ON home.brand_id = seat.brand_id AND home.id = seat.community_id
        WHERE seat.brand_id = %(brand_id)s AND seat.left_at IS NULL AND home.state = 'archived'
        """,
    ),
)
