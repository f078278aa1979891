"""What must hold of live segments."""

from __future__ import annotations

from core.kernel.invariants import Invariant

INVARIANTS = (
    Invariant(
        "members: every live segment counts the members it keeps",
        """
        SELECT live.segment_id, live.member_count, count(held.member_id)
        FROM members_livesegment live
        LEFT JOIN members_livemember held
            ON held.brand_id = live.brand_id AND held.segment_id = live.segment_id
        WHERE live.brand_id = %(brand_id)s
        GROUP BY live.id HAVING live.member_count <> count(held.member_id)
        """,
    ),
    Invariant(
        "members: only live segments keep members",
        """
        SELECT DISTINCT held.segment_id FROM members_livemember held
        WHERE held.brand_id = %(brand_id)s AND NOT EXISTS (
            SELECT FROM members_livesegment live
            WHERE live.brand_id = held.brand_id AND live.segment_id = held.segment_id
        )
        """,
    ),
)
