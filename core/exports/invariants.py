"""What must hold between exports and who allowed them."""

from __future__ import annotations

from core.exports.rules import ALONE
from core.kernel.invariants import Invariant

INVARIANTS = (
    Invariant(
        "exports: nobody approved what they asked for themselves",
        """
        SELECT id, requested_by_id FROM core_exportrequest
        WHERE brand_id = %(brand_id)s AND decided_by_id = requested_by_id
        """,
    ),
    Invariant(
        "exports: no file holds more rows about people than was allowed",
        """
        SELECT run.id, run.done, request.rows_ceiling
        FROM core_exportrequest AS request
        JOIN core_run AS run ON run.brand_id = request.brand_id AND run.id = request.run_id
        WHERE request.brand_id = %(brand_id)s AND run.state = 'succeeded'
            AND request.state IN ('alone', 'waiting', 'approved')
            AND (request.state = 'waiting' OR run.done > request.rows_ceiling)
        """,
    ),
    Invariant(
        "exports: what somebody takes alone stays below the limit, file by file",
        f"""
        SELECT id, rows FROM core_exportrequest
        WHERE brand_id = %(brand_id)s AND state = 'alone' AND rows > {ALONE:d}
        """,  # noqa: S608  (our own number)
    ),
    Invariant(
        "exports: an export waits if and only if somebody is asked",
        """
        SELECT run.id, run.state FROM core_run AS run
        WHERE run.brand_id = %(brand_id)s AND run.kind = 'export'
            AND (run.state = 'waiting') <> EXISTS (
                SELECT FROM core_exportrequest AS request
                WHERE request.brand_id = run.brand_id AND request.run_id = run.id
                    AND request.state = 'waiting'
            )
        """,
    ),
)
