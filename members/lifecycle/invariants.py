"""What must hold of stages and their changes."""

from __future__ import annotations

from core.kernel.invariants import Invariant

INVARIANTS = (
    Invariant(
        "lifecycle: everybody is in the stage, and since the day, that their newest change says",
        """
        SELECT m.id FROM members_member AS m
        CROSS JOIN LATERAL (
            SELECT to_stage, at FROM members_stagechange
            WHERE brand_id = m.brand_id AND member_id = m.id AND of_merged IS NULL
            ORDER BY at DESC, id DESC LIMIT 1
        ) AS newest
        WHERE m.brand_id = %(brand_id)s
          AND (m.stage <> newest.to_stage OR m.stage_since IS DISTINCT FROM
               (newest.at AT TIME ZONE 'Asia/Shanghai')::date)
        """,
    ),
    Invariant(
        "lifecycle: every change starts in the stage in which the one before it ended",
        """
        SELECT member_id FROM (
            SELECT member_id, from_stage,
                   lag(to_stage) OVER (
                       PARTITION BY member_id, of_merged ORDER BY at, id
                   ) AS ended_in
            FROM members_stagechange WHERE brand_id = %(brand_id)s
        ) AS chain
        WHERE ended_in IS NOT NULL AND ended_in <> from_stage
        """,
    ),
    Invariant(
        "lifecycle: every change names rules that the brand had",
        """
        SELECT change.id FROM members_stagechange AS change
        WHERE change.brand_id = %(brand_id)s AND change.policy_version > 0 AND NOT EXISTS (
            SELECT FROM members_stagepolicy AS policy
            WHERE policy.brand_id = change.brand_id
              AND policy.policy_version = change.policy_version
        )
        """,
    ),
)
