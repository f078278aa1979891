"""What must hold of build runs: their reports tell the seats they gave."""

from __future__ import annotations

from core.kernel.invariants import Invariant

INVARIANTS = (
    Invariant(
        "every applied run reports as many people as it gave seats",
        """
        SELECT run.id, (run.report->>'placed')::bigint, coalesce(given.seats, 0)
        FROM communities_buildrun AS run
        LEFT JOIN (
            SELECT build_run_id, count(*) AS seats FROM communities_membership
            WHERE brand_id = %(brand_id)s AND build_run_id IS NOT NULL GROUP BY build_run_id
        ) AS given ON given.build_run_id = run.id
        WHERE run.brand_id = %(brand_id)s AND run.state IN ('applied', 'failed')
            AND (run.report->>'placed')::bigint <> coalesce(given.seats, 0)
        """,
    ),
    Invariant(
        "the groups of an applied run add up to its report",
        """
        SELECT run.id FROM communities_buildrun AS run
        LEFT JOIN (
            SELECT run_id, sum(placed_count) AS placed FROM communities_buildgroup
            WHERE brand_id = %(brand_id)s GROUP BY run_id
        ) AS told ON told.run_id = run.id
        WHERE run.brand_id = %(brand_id)s AND run.state IN ('applied', 'failed')
            AND (run.report->>'placed')::bigint <> coalesce(told.placed, 0)
        """,
    ),
)
