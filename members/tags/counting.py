"""Counts who has each tag, once for everybody: too much to do for every page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


def count_tags(
    *, brand_id: int, now: datetime, tag_ids: Iterable[int] | None = None
) -> dict[int, int]:
    """Count who has each tag, all of them or some, keep the numbers and return them.

    One pass over the key's index; a million members with eight tags each take about a second. Acts
    on these tags wait meanwhile: one that moved a count would be written over.
    """
    wanted = None if tag_ids is None else list(tag_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT FROM members_tag held
            WHERE held.brand_id = %(brand)s
              AND (%(wanted)s::bigint[] IS NULL OR held.id = ANY(%(wanted)s))
            ORDER BY held.id FOR NO KEY UPDATE
            """,
            {"brand": brand_id, "wanted": wanted},
        )
        cursor.execute(
            """
            WITH counted AS (
                SELECT held.tag_id, count(*) AS members FROM members_membertag held
                WHERE held.brand_id = %(brand)s
                  AND (%(wanted)s::bigint[] IS NULL OR held.tag_id = ANY(%(wanted)s))
                GROUP BY held.tag_id
            )
            UPDATE members_tag tag
            SET member_count = coalesce(
                    (SELECT members FROM counted WHERE counted.tag_id = tag.id), 0
                ), counted_at = %(now)s
            WHERE tag.brand_id = %(brand)s
              AND (%(wanted)s::bigint[] IS NULL OR tag.id = ANY(%(wanted)s))
            RETURNING tag.id, tag.member_count
            """,
            {"brand": brand_id, "wanted": wanted, "now": now},
        )
        return dict(cursor.fetchall())
