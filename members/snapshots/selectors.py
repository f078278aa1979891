"""Who was in a snapshot, and who is in one of two, set by set in the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models.expressions import RawSQL

from members.segments.ports import Sql
from members.snapshots.models import Snapshot, SnapshotBatch
from members.snapshots.rules import Part, part_of

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from core.kernel.access import Viewer
    from members.profiles.models import Member

# Buckets that are alike are told by one comparison, without a look at single members.
COMPARE = """
    SELECT coalesce(sum(CASE WHEN later.member_ids = earlier.member_ids THEN later.people ELSE (
        SELECT count(*) FROM (
            SELECT unnest(later.member_ids) INTERSECT SELECT unnest(earlier.member_ids)
        ) AS both_of
    ) END), 0)::bigint
    FROM members_snapshotbatch AS later
    JOIN members_snapshotbatch AS earlier
        ON earlier.brand_id = later.brand_id AND earlier.snapshot_id = %s
        AND earlier.bucket = later.bucket
    WHERE later.brand_id = %s AND later.snapshot_id = %s
"""
OWN = "SELECT own.bucket, member_id FROM members_snapshotbatch AS own"
OTHER = """ {join} members_snapshotbatch AS other
    ON other.brand_id = own.brand_id AND other.snapshot_id = %s AND other.bucket = own.bucket"""
EVERY = " CROSS JOIN LATERAL unnest(own.member_ids) AS member_id"
APART = """ CROSS JOIN LATERAL (
    SELECT unnest(own.member_ids) {word} SELECT unnest(other.member_ids)) AS told(member_id)"""


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of a segment between two snapshots."""

    plus: int
    minus: int
    stayed: int


def snapshots_of(*, segment_id: int, viewer: Viewer) -> QuerySet[Snapshot]:
    """Return a segment's snapshots."""
    return Snapshot.objects.visible_to(viewer).filter(segment_id=segment_id)


def difference(*, later: Snapshot, earlier: Snapshot) -> Difference:
    """Return how many joined, left and stayed between two snapshots that were taken."""
    with connection.cursor() as cursor:
        cursor.execute(COMPARE, [earlier.pk, later.brand_id, later.pk])
        stayed = int(cursor.fetchone()[0])
    return Difference(
        plus=(later.member_count or 0) - stayed,
        minus=(earlier.member_count or 0) - stayed,
        stayed=stayed,
    )


def visible_part(*, text: str, viewer: Viewer) -> tuple[Part, list[Snapshot]] | None:
    """Return what an address means and the snapshots it names, if all exist for the viewer."""
    part = part_of(text)
    if part is None:
        return None
    ids = [pk for pk in (part.snapshot_id, part.other_id) if pk is not None]
    rows = Snapshot.objects.visible_to(viewer).exclude(taken_at=None)
    found = rows.select_related("segment").in_bulk(ids)
    return (part, [found[pk] for pk in ids]) if len(found) == len(set(ids)) else None


def member_ids(*, part: Part, brand_id: int, after: int, limit: int) -> list[int]:
    """Return ids above ``after``, in order, whether or not the members still exist."""
    found = _ids(part, brand_id, (after, None)) + Sql(
        " AND member_id > %s ORDER BY own.bucket, member_id LIMIT %s", (after, limit)
    )
    with connection.cursor() as cursor:
        cursor.execute(found.text, found.params)
        return [row[1] for row in cursor.fetchall()]


def members(
    *, rows: QuerySet[Member], part: Part, brand_id: int, span: tuple[int, int] | None = None
) -> QuerySet[Member]:
    """Return those of ``rows`` who are meant, among ids of ``span`` where it is given."""
    found = _ids(part, brand_id, span or (0, None)).within("SELECT member_id FROM (", ") AS part")
    ids = RawSQL(found.text, found.params)  # noqa: S611  (our own text; every value is a parameter)
    return rows.filter(pk__in=ids)


def _ids(part: Part, brand_id: int, span: tuple[int, int | None]) -> Sql:
    """Return the SELECT of bucket and member, each once, of the buckets that ``span`` touches."""
    sql = Sql(OWN)
    if part.other_id is None:
        sql += EVERY
    else:
        join, word = ("JOIN", "INTERSECT") if part.is_in_both else ("LEFT JOIN", "EXCEPT")
        sql += Sql(OTHER.format(join=join), (part.other_id,)) + APART.format(word=word)
    low, high = span
    sql += Sql(" WHERE own.brand_id = %s AND own.snapshot_id = %s", (brand_id, part.snapshot_id))
    if low:
        sql += Sql(" AND own.bucket >= %s", (low // SnapshotBatch.SIZE,))
    if high is not None:
        sql += Sql(" AND own.bucket <= %s", (high // SnapshotBatch.SIZE,))
    return sql
