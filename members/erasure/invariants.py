"""What must hold of deletions."""

from __future__ import annotations

from core.kernel.invariants import Invariant

INVARIANTS = (
    Invariant(
        "members: nobody who was deleted is among the members",
        """
        SELECT erasure.member_id FROM members_erasure AS erasure
        JOIN members_member AS member
            ON member.brand_id = erasure.brand_id AND member.id = erasure.member_id
        WHERE erasure.brand_id = %(brand_id)s AND erasure.rows_gone_at IS NOT NULL
            AND member.created_at <= erasure.rows_gone_at
        """,
    ),
    Invariant(
        "members: a deletion is done within a day of its time",
        """
        SELECT id, due_at FROM members_erasure WHERE brand_id = %(brand_id)s
            AND state IN ('waiting', 'running') AND due_at < now() - interval '24 hours'
        """,
    ),
)
