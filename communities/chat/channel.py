"""The in-app channel: rooms whose conversation is kept in our own database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection

from communities.broadcasts.ports import Outcome, Result
from core.kernel.scoping import tenant

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from communities.broadcasts.ports import RoomPost

# In the order of ids, so that two senders to the same rooms cannot deadlock. The lock must come
# in a statement of its own: only the next one then sees what the sender before us committed.
LOCK_ROOMS = """
    SELECT id FROM communities_room WHERE brand_id = %(brand)s AND id = ANY(%(rooms)s)
    ORDER BY id FOR NO KEY UPDATE
"""
APPEND = """
    WITH post AS (
        SELECT * FROM unnest(
            %(keys)s::text[], %(rooms)s::bigint[], %(labels)s::text[], %(bodies)s::text[],
            %(links)s::text[]
        ) WITH ORDINALITY AS post (key, room_id, sender_label, body, link, place)
    ), fresh AS (
        SELECT post.*, row_number() OVER (PARTITION BY post.room_id ORDER BY post.place) AS step
        FROM post
        JOIN communities_room AS room
            ON room.brand_id = %(brand)s AND room.id = post.room_id AND room.state = 'open'
        WHERE NOT EXISTS (
            SELECT FROM communities_roommessage AS said
            WHERE said.brand_id = %(brand)s AND said.dedupe_key = post.key
        )
    ), numbered AS (
        UPDATE communities_room AS room SET last_seq = room.last_seq + grown.steps
        FROM (SELECT room_id, max(step) AS steps FROM fresh GROUP BY room_id) AS grown
        WHERE room.brand_id = %(brand)s AND room.id = grown.room_id
        RETURNING room.id, room.last_seq - grown.steps AS seq_before
    )
    INSERT INTO communities_roommessage
        (brand_id, room_id, seq, sender, sender_label, body, link, dedupe_key, created_at)
    SELECT %(brand)s, fresh.room_id, numbered.seq_before + fresh.step, 'staff',
        fresh.sender_label, fresh.body, fresh.link, fresh.key, statement_timestamp()
    FROM fresh JOIN numbered ON numbered.id = fresh.room_id
    RETURNING dedupe_key, seq
"""
FIND = """
    SELECT dedupe_key, seq FROM communities_roommessage
    WHERE brand_id = %(brand)s AND dedupe_key = ANY(%(keys)s)
"""


class InAppChannel:
    """Appends to the rooms' own feeds. Sending the same key again changes nothing."""

    def __init__(self, *, brand_id: int) -> None:
        """Serve one brand's rooms."""
        self._brand_id = brand_id

    def send_batch(self, posts: Sequence[RoomPost]) -> dict[str, Outcome]:
        """Append each post once, all in one transaction; a closed room refuses its own only."""
        if not posts:
            return {}
        with tenant(self._brand_id), connection.cursor() as cursor:
            params: dict[str, Any] = {
                "brand": self._brand_id,
                "keys": [post.key for post in posts],
                "rooms": [post.room_id for post in posts],
                "labels": [post.sender_label for post in posts],
                "bodies": [post.body for post in posts],
                "links": [post.link for post in posts],
            }
            cursor.execute(LOCK_ROOMS, params)
            cursor.execute(APPEND, params)
            seqs = dict(cursor.fetchall())
            if missing := [post.key for post in posts if post.key not in seqs]:
                cursor.execute(FIND, {"brand": self._brand_id, "keys": missing})
                seqs.update(cursor.fetchall())
        return {
            post.key: Outcome(Result.SENT, message_seq=seqs[post.key])
            if post.key in seqs
            else Outcome(Result.FAILED, error="room_closed")
            for post in posts
        }

    def find(self, keys: Collection[str]) -> dict[str, Outcome]:
        """Look the keys up in the feeds."""
        with tenant(self._brand_id), connection.cursor() as cursor:
            cursor.execute(FIND, {"brand": self._brand_id, "keys": list(keys)})
            return {key: Outcome(Result.SENT, message_seq=seq) for key, seq in cursor.fetchall()}
