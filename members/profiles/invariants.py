"""What must hold of members themselves."""

from __future__ import annotations

from core.kernel.invariants import Invariant

INVARIANTS = (
    Invariant(
        "members: a phone has its cipher, hash, mask and tail, or none of them",
        """
        SELECT id FROM members_member WHERE brand_id = %(brand_id)s
          AND ((phone_hash IS NULL) <> (phone_masked = '')
            OR (phone_hash IS NULL) <> (phone_tail = '')
            OR (phone_hash IS NULL) <> (phone_cipher IS NULL))
        """,
    ),
    Invariant(
        "members: whoever is in a stage with a start did not start in the future",
        """
        SELECT id FROM members_member
        WHERE brand_id = %(brand_id)s AND stage_since > current_date + 1
        """,
    ),
)
