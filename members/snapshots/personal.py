"""What snapshots keep about a member: that they were in a segment at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from members.erasure.ports import Holding
from members.erasure.services import texts_of
from members.snapshots.models import Snapshot, SnapshotBatch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from members.erasure.ports import Asked, Erasing

# The bucket is part of the key: one look-up a snapshot and bucket, however many people it holds.
# Who joined since the one before, and who left, was counted; both follow.
COUNT = """
WITH hit AS MATERIALIZED (
    SELECT snapshot.id AS snapshot, snapshot.previous_id AS previous, who.member
    FROM members_snapshot AS snapshot
    JOIN members_snapshotbatch AS batch ON batch.brand_id = snapshot.brand_id
        AND batch.snapshot_id = snapshot.id AND batch.bucket = ANY(%(buckets)s::bigint[])
    CROSS JOIN LATERAL unnest(batch.member_ids) AS who (member)
    WHERE snapshot.brand_id = %(brand)s AND who.member = ANY(%(ids)s::bigint[])
), less AS (
    SELECT pair.id, sum(pair.here) AS people, sum(pair.joined) AS joined, sum(pair.left_) AS left_
    FROM (
        SELECT hit.snapshot AS id, 1 AS here, 0 AS left_,
            (before.id IS NOT NULL AND earlier.member IS NULL)::int AS joined
        FROM hit
        LEFT JOIN members_snapshot AS before
            ON before.brand_id = %(brand)s AND before.id = hit.previous
        LEFT JOIN hit AS earlier
            ON earlier.snapshot = hit.previous AND earlier.member = hit.member
        UNION ALL
        SELECT later.id, 0, 1, 0 FROM hit
        JOIN members_snapshot AS later
            ON later.brand_id = %(brand)s AND later.previous_id = hit.snapshot
        WHERE NOT EXISTS (
            SELECT FROM hit AS stayed
            WHERE stayed.snapshot = later.id AND stayed.member = hit.member
        )
    ) AS pair GROUP BY pair.id
)
UPDATE members_snapshot AS snapshot SET member_count = snapshot.member_count - less.people,
    plus_count = greatest(snapshot.plus_count - less.joined, 0),
    minus_count = greatest(snapshot.minus_count - less.left_, 0)
FROM less WHERE snapshot.brand_id = %(brand)s AND snapshot.id = less.id
"""
SHRINK = """
UPDATE members_snapshotbatch AS batch SET (member_ids, people) = (
    SELECT coalesce(array_agg(one ORDER BY one), '{}'), count(*)
    FROM unnest(batch.member_ids) AS one WHERE one <> ALL(%(ids)s::bigint[])
)
FROM members_snapshot AS snapshot
WHERE snapshot.brand_id = %(brand)s AND batch.brand_id = %(brand)s
    AND batch.snapshot_id = snapshot.id AND batch.bucket = ANY(%(buckets)s::bigint[])
    AND batch.member_ids && %(ids)s::bigint[]
"""
DROP = """
DELETE FROM members_snapshotbatch AS batch USING members_snapshot AS snapshot
WHERE snapshot.brand_id = %(brand)s AND batch.brand_id = %(brand)s
    AND batch.snapshot_id = snapshot.id AND batch.bucket = ANY(%(buckets)s::bigint[])
    AND batch.people = 0
"""
TELL = """
SELECT snapshot.taken_at, segment.name FROM members_snapshot AS snapshot
JOIN members_segment AS segment
    ON segment.brand_id = snapshot.brand_id AND segment.id = snapshot.segment_id
JOIN members_snapshotbatch AS batch ON batch.brand_id = snapshot.brand_id
    AND batch.snapshot_id = snapshot.id AND batch.bucket = %s
WHERE snapshot.brand_id = %s AND %s = ANY(batch.member_ids) ORDER BY snapshot.id DESC
"""


def _erase(erasing: Erasing) -> None:
    buckets = sorted({member_id // SnapshotBatch.SIZE for member_id in erasing.ids})
    with connection.cursor() as cursor:
        for sql in (COUNT, SHRINK, DROP):
            cursor.execute(sql, erasing.params | {"buckets": buckets})


def _tell(asked: Asked) -> Iterator[dict[str, Any]]:
    bucket = asked.member_id // SnapshotBatch.SIZE
    with connection.cursor() as cursor:
        cursor.execute(TELL, [bucket, asked.brand_id, asked.member_id])
        for at, name in cursor.fetchall():
            yield {"at": at, "segment": name}


HOLDINGS = (
    Holding(
        model=SnapshotBatch,
        columns=("member_ids", "bucket"),
        label=_("Snapshots of segments"),
        count=f"""
            SELECT count(*), 0 FROM members_snapshot AS snapshot
            JOIN members_snapshotbatch AS batch ON batch.brand_id = snapshot.brand_id
                AND batch.snapshot_id = snapshot.id AND batch.bucket IN (
                    SELECT one / {SnapshotBatch.SIZE} FROM unnest(%(ids)s::bigint[]) AS one
                )
            WHERE snapshot.brand_id = %(brand)s AND batch.member_ids && %(ids)s::bigint[]
        """,  # noqa: S608  (a number of our own)
        erase=_erase,
        tell=_tell,
        fields={"segment": _("Segment"), "at": _("Time")},
    ),
)
SEARCHES = (texts_of(model=Snapshot, columns=("tree",), names=False),)
