"""What must hold of imports: every row is accounted for."""

from __future__ import annotations

from core.kernel.invariants import Invariant

INVARIANTS = (
    Invariant(
        "imports: every row of a file is created, updated, unchanged or rejected",
        """
        SELECT id, read_count FROM members_importjob WHERE brand_id = %(brand_id)s
          AND read_count <> created_count + updated_count + unchanged_count + rejected_count
        """,
    ),
    Invariant(
        "imports: every rejected row has its reason on file",
        """
        SELECT job.id, job.rejected_count FROM members_importjob AS job
        WHERE job.brand_id = %(brand_id)s AND job.rejected_count <> (
            SELECT count(*) FROM members_importrejection AS row
            WHERE row.brand_id = job.brand_id AND row.job_id = job.id AND row.reason <> ''
              AND NOT row.is_taken
        )
        """,
    ),
    Invariant(
        "imports: a finished file has a run that succeeded, and the other way round",
        """
        SELECT job.id FROM members_importjob AS job
        JOIN core_run AS run ON run.brand_id = job.brand_id AND run.id = job.run_id
        WHERE job.brand_id = %(brand_id)s
          AND (job.finished_at IS NOT NULL) <> (run.state = 'succeeded')
        """,
    ),
)
