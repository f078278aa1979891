"""What must hold of custom fields and their values."""

from __future__ import annotations

from core.kernel.invariants import Invariant

INVARIANTS = (
    Invariant(
        "custom fields: every value stands in the column of its field's kind",
        """
        SELECT v.member_id, v.field_id FROM members_customvalue AS v
        JOIN members_customfield AS f ON f.brand_id = v.brand_id AND f.id = v.field_id
        WHERE v.brand_id = %(brand_id)s AND f.kind <> CASE
            WHEN v.text IS NOT NULL THEN 'text'
            WHEN v.number IS NOT NULL THEN 'number'
            WHEN v.day IS NOT NULL THEN 'date'
            WHEN v.slot = 0 THEN 'choice'
            ELSE 'choices'
        END
        """,
    ),
    Invariant(
        "custom fields: every choice of a member is one of the field's own",
        """
        SELECT v.member_id, v.field_id FROM members_customvalue AS v
        JOIN members_customchoice AS c ON c.brand_id = v.brand_id AND c.id = v.choice_id
        WHERE v.brand_id = %(brand_id)s AND c.field_id <> v.field_id
        """,
    ),
)
