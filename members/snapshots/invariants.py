"""What must hold of snapshots."""

from __future__ import annotations

from core.kernel.invariants import Invariant

INVARIANTS = (
    Invariant(
        "members: every snapshot that was taken counts the people in its batches",
        """
        SELECT snapshot.id, snapshot.member_count, coalesce(sum(cardinality(batch.member_ids)), 0)
        FROM members_snapshot snapshot
        LEFT JOIN members_snapshotbatch batch
            ON batch.brand_id = snapshot.brand_id AND batch.snapshot_id = snapshot.id
        WHERE snapshot.brand_id = %(brand_id)s AND snapshot.taken_at IS NOT NULL
        GROUP BY snapshot.id
        HAVING snapshot.member_count <> coalesce(sum(cardinality(batch.member_ids)), 0)
            OR snapshot.member_count <> coalesce(sum(batch.people), 0)
        """,
    ),
    Invariant(
        "members: a batch of a snapshot holds ids of its own stretch, each once, in order",
        """
        SELECT batch.snapshot_id, batch.bucket FROM members_snapshotbatch batch
        WHERE batch.brand_id = %(brand_id)s AND batch.member_ids <> ARRAY(
            SELECT DISTINCT one FROM unnest(batch.member_ids) AS one
            WHERE one / 8192 = batch.bucket ORDER BY one
        )
        """,
    ),
    Invariant(
        "members: who joined and left a segment explains its count from snapshot to snapshot",
        """
        SELECT later.id FROM members_snapshot later
        JOIN members_snapshot earlier
            ON earlier.brand_id = later.brand_id AND earlier.id = later.previous_id
        WHERE later.brand_id = %(brand_id)s AND later.member_count
            <> earlier.member_count + later.plus_count - later.minus_count
        """,
    ),
)
