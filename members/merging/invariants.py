"""What must hold of merged members."""

from __future__ import annotations

from core.kernel.invariants import Invariant

INVARIANTS = (
    Invariant(
        "members: nobody is merged into another and a member as well",
        """
        SELECT gone.id FROM members_mergedmember AS gone
        JOIN members_member AS m ON m.brand_id = gone.brand_id AND m.id = gone.id
        WHERE gone.brand_id = %(brand_id)s
        """,
    ),
    Invariant(
        "members: every merge that stands has a merged member, and the other way round",
        """
        SELECT merge.id, gone.id FROM members_membermerge AS merge
        FULL JOIN members_mergedmember AS gone
          ON gone.brand_id = merge.brand_id AND gone.merge_id = merge.id
         AND gone.id = merge.loser_id AND gone.winner_id = merge.winner_id
        WHERE coalesce(merge.brand_id, gone.brand_id) = %(brand_id)s
          AND (merge.id IS NOT NULL AND merge.undone_at IS NULL) <> (gone.id IS NOT NULL)
        """,
    ),
)
