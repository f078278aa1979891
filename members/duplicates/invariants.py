"""What must hold of pairs."""

from __future__ import annotations

from core.kernel.invariants import Invariant

INVARIANTS = (
    Invariant(
        "members: every pair to judge is two members",
        """
        SELECT pair.id FROM members_duplicatepair AS pair
        LEFT JOIN members_member AS a ON a.brand_id = pair.brand_id AND a.id = pair.first_id
        LEFT JOIN members_member AS b ON b.brand_id = pair.brand_id AND b.id = pair.second_id
        WHERE pair.brand_id = %(brand_id)s
          AND (a.id IS NULL OR b.id IS NULL OR pair.first_id >= pair.second_id)
        """,
    ),
)
