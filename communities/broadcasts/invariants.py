"""What must hold in the data of broadcasts and of the rooms they go to."""

from __future__ import annotations

from core.kernel.invariants import Invariant

INVARIANTS = (
    Invariant(
        "no broadcast has two deliveries to one room",
        """
        SELECT broadcast_id, room_id FROM communities_delivery WHERE brand_id = %(brand_id)s
        GROUP BY broadcast_id, room_id HAVING count(*) > 1
        """,
    ),
    Invariant(
        "every delivery sent in the app is the message it names",
        """
        SELECT delivery.id FROM communities_delivery AS delivery
        JOIN communities_room AS room
            ON room.brand_id = delivery.brand_id AND room.id = delivery.room_id
        LEFT JOIN communities_roommessage AS message
            ON message.brand_id = delivery.brand_id AND message.room_id = delivery.room_id
            AND message.seq = delivery.message_seq
        WHERE delivery.brand_id = %(brand_id)s AND delivery.state = 'sent'
            AND room.channel = 'in_app' AND message.dedupe_key IS DISTINCT FROM
                format('broadcast:%%s/%%s', delivery.broadcast_id, delivery.room_id)
        """,
    ),
    Invariant(
        "every broadcast message in a room is a delivery sent, or about to be settled",
        """
        SELECT message.id FROM communities_roommessage AS message
        LEFT JOIN communities_delivery AS delivery
            ON delivery.brand_id = message.brand_id AND delivery.room_id = message.room_id
            AND delivery.broadcast_id =
                split_part(substr(message.dedupe_key, 11), '/', 1)::bigint
        WHERE message.brand_id = %(brand_id)s AND message.dedupe_key ^@ 'broadcast:'
            AND (delivery.id IS NULL OR delivery.state IN ('held', 'failed', 'cancelled'))
        """,
    ),
    Invariant(
        "no finished broadcast has deliveries on their way",
        """
        SELECT broadcast.id FROM communities_broadcast AS broadcast
        WHERE broadcast.brand_id = %(brand_id)s AND broadcast.state = 'sent' AND EXISTS (
            SELECT FROM communities_delivery AS delivery
            WHERE delivery.brand_id = broadcast.brand_id
                AND delivery.broadcast_id = broadcast.id
                AND delivery.state IN ('due', 'claimed', 'held'))
        """,
    ),
    Invariant(
        "no delivery has been unknown for more than a quarter of an hour",
        """
        SELECT id FROM communities_delivery WHERE brand_id = %(brand_id)s AND state = 'unknown'
            AND settled_at < now() - interval '16 minutes'
        """,
    ),
)
