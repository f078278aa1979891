from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel.errors import DomainError, Kind
from core.runs import services as runs
from members.erasure import selectors as erasure
from members.segments import selectors as segments
from members.segments.models import Segment
from members.snapshots import selectors
from members.snapshots.models import Snapshot, SnapshotBatch

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer

RUN_KIND = "segment_snapshot"
# One statement, so that everybody is looked at in one and the same moment.
FREEZE = """
    INSERT INTO members_snapshotbatch (brand_id, snapshot_id, bucket, people, member_ids)
    SELECT %s, %s, member_id / %s, count(*), array_agg(member_id ORDER BY member_id)
    FROM ({found}) AS found GROUP BY 3
"""
TOTAL = """
    SELECT coalesce(sum(people), 0) FROM members_snapshotbatch
    WHERE brand_id = %s AND snapshot_id = %s
"""


class AlreadyBeingTaken(DomainError):
    """A snapshot of the segment is being taken; wait for it."""

    code = "already_being_taken"
    kind = Kind.REFUSED


@transaction.atomic
def take_snapshot(*, segment: Segment, actor: Viewer, now: datetime) -> Snapshot:
    """Have the segment's members frozen by a background run.

    The conditions are those of this moment, the members those of the moment of the run.

    Raises:
        InvalidInput: the conditions no longer make sense.
        AlreadyBeingTaken: one is waiting or at work.
    """
    held = Segment.objects.select_for_update().or_gone(pk=segment.pk)
    segments.parse(tree=held.tree, brand_id=held.brand_id)
    rows = Snapshot.objects.filter(brand_id=held.brand_id, segment=held)
    if rows.filter(taken_at=None).exists():
        raise AlreadyBeingTaken(_("A snapshot of this segment is being taken already."))
    last = rows.aggregate(last=Max("number"))["last"] or 0
    made = Snapshot(
        brand_id=held.brand_id,
        segment=held,
        number=last + 1,
        tree=held.tree,
        created_by_id=actor.staff_id,
        created_by_label=actor.label,
        created_at=now,
    )
    made.save()
    made.run = runs.start_run(
        kind=RUN_KIND,
        title=_("%(segment)s, snapshot %(number)s") % {"segment": held.name, "number": made.number},
        params={"snapshot_id": made.pk},
        unit="people",
        actor=actor,
        now=now,
    )
    made.save(update_fields=["run"])
    audit.record(
        action="snapshot.asked", subject=held, actor=actor, now=now, data={"number": made.number}
    )
    return made


@transaction.atomic
def freeze(*, snapshot: Snapshot, actor: Viewer, now: datetime) -> Snapshot:
    """Write who is in the segment now, and how that differs from the snapshot before.

    A deletion waits for the end, or this for the deletion: no bare number is left of anybody.

    Raises:
        InvalidInput: the conditions no longer make sense.
    """
    erasure.let_nobody_go(brand_id=snapshot.brand_id)
    held = Snapshot.objects.select_for_update().select_related("segment").or_gone(pk=snapshot.pk)
    found = segments.member_ids_sql(tree=held.tree, brand_id=held.brand_id, now=now)
    segments.prepare()
    values = [held.brand_id, held.pk, SnapshotBatch.SIZE, *found.params]
    with connection.cursor() as cursor:
        cursor.execute(FREEZE.format(found=found.sql), values)
        cursor.execute(TOTAL, [held.brand_id, held.pk])
        held.member_count = int(cursor.fetchone()[0])
    before = Snapshot.objects.filter(brand_id=held.brand_id, segment=held.segment)
    previous = before.exclude(taken_at=None).order_by("-number").first()
    if previous is not None:
        told = selectors.difference(later=held, earlier=previous)
        held.previous_id, held.plus_count, held.minus_count = previous.pk, told.plus, told.minus
    held.taken_at = now
    held.save()
    data = {"number": held.number, "count": held.member_count}
    audit.record(action="snapshot.taken", subject=held.segment, actor=actor, now=now, data=data)
    return held


@transaction.atomic
def abandon(*, snapshot_id: int, brand_id: int) -> None:
    """Take back a snapshot that was never taken. Idempotent."""
    Snapshot.objects.filter(brand_id=brand_id, pk=snapshot_id, taken_at=None).delete()


@transaction.atomic
def delete_snapshot(*, snapshot: Snapshot, actor: Viewer, now: datetime) -> None:
    """Forget a snapshot and whom it names; later ones keep their counts.

    Raises:
        AlreadyBeingTaken: it is being taken; cancel its task instead.
    """
    held = Snapshot.objects.select_for_update().select_related("segment").or_gone(pk=snapshot.pk)
    if held.taken_at is None:
        raise AlreadyBeingTaken(_("A snapshot of this segment is being taken already."))
    data = {"number": held.number, "count": held.member_count}
    audit.record(action="snapshot.deleted", subject=held.segment, actor=actor, now=now, data=data)
    SnapshotBatch.objects.filter(brand_id=held.brand_id, snapshot=held).delete()
    held.delete()
