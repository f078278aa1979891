from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from core.audit import services as audit
from core.kernel.bells import ring
from core.kernel.errors import InvalidInput
from members.live.models import LiveMember, LiveSegment
from members.live.selectors import fingerprint_of
from members.segments import selectors as segments
from members.segments.models import Segment
from members.segments.ports import Sql

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.segments.rules import Group

BELL = "members.live.tasks.refresh_live_segments"
# Marks taken at once; a batch is one transaction.
BATCH = 20_000
LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('members.live', %s))"
THIS_TRANSACTION = "SELECT pg_current_xact_id()::text::bigint"
OLDEST_AT_WORK = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
TAKE = """
    DELETE FROM members_touchedmember WHERE brand_id = %s AND id IN (
        SELECT id FROM members_touchedmember WHERE brand_id = %s ORDER BY id LIMIT %s
    ) RETURNING member_id
"""
GONE = (
    ", gone AS (DELETE FROM members_livemember held WHERE held.brand_id = %s"
    " AND held.segment_id = %s"
)
NOT_FOUND = (
    " AND NOT EXISTS (SELECT FROM found WHERE found.member_id = held.member_id) RETURNING 1)"
)
COME = (
    ", come AS (INSERT INTO members_livemember (brand_id, segment_id, member_id)"
    " SELECT %s, %s, member_id FROM found ON CONFLICT DO NOTHING RETURNING 1)"
    " SELECT (SELECT count(*) FROM come) - (SELECT count(*) FROM gone)"
)


@transaction.atomic
def switch_on(*, segment: Segment, actor: Viewer, now: datetime) -> LiveSegment:
    """Keep the segment's members from now on; a worker fills them in. Idempotent.

    Raises:
        InvalidInput: the conditions no longer make sense.
    """
    held = Segment.objects.select_for_update().or_gone(pk=segment.pk)
    segments.parse(tree=held.tree, brand_id=held.brand_id)
    live, is_new = LiveSegment.objects.get_or_create(
        brand_id=held.brand_id,
        segment=held,
        defaults={"since": _number(THIS_TRANSACTION), "created_at": now},
    )
    if is_new:
        audit.record(action="segment.made_live", subject=held, actor=actor, now=now)
        ring(BELL, held.brand_id)
    return live


@transaction.atomic
def switch_off(*, segment: Segment, actor: Viewer, now: datetime) -> None:
    """Keep the segment's members no longer. Idempotent."""
    held = Segment.objects.select_for_update().or_gone(pk=segment.pk)
    rows = LiveSegment.objects.filter(brand_id=held.brand_id, segment=held)
    if not rows.select_for_update().exists():
        return
    LiveMember.objects.filter(brand_id=held.brand_id, segment_id=held.pk).delete()
    rows.delete()
    audit.record(action="segment.made_still", subject=held, actor=actor, now=now)


@transaction.atomic
def refresh(*, brand_id: int, now: datetime) -> int | None:
    """Look at the next members who were touched, and at everybody where conditions changed.

    Returns how many marks were taken, or None where another worker is at it: two at once could
    write what they saw in the wrong order.
    """
    if not _number(LOCK, brand_id):
        return None
    lives = _lives(brand_id)
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [brand_id, brand_id, BATCH])
        marks = [row[0] for row in cursor.fetchall()]
    # Every statement from here on sees what the marks stand for: they were committed together.
    touched, oldest = sorted(set(marks)), _number(OLDEST_AT_WORK)
    for live in lives:
        _bring_in_line(live, touched, now, is_old_news_over=oldest > live.since)
    return len(marks)


@transaction.atomic
def recompute_all(*, brand_id: int, now: datetime) -> int | None:
    """Look at everybody in every live segment: windows move with time. None as ``refresh``."""
    if not _number(LOCK, brand_id):
        return None
    lives = _lives(brand_id)
    for live in lives:
        live.fingerprint = ""
        _bring_in_line(live, [], now, is_old_news_over=live.is_settled)
    return len(lives)


def _lives(brand_id: int) -> list[LiveSegment]:
    rows = LiveSegment.objects.filter(brand_id=brand_id).select_related("segment")
    return list(rows.select_for_update(of=("self",)).order_by("pk"))


def _bring_in_line(
    live: LiveSegment, touched: Sequence[int], now: datetime, *, is_old_news_over: bool
) -> None:
    """Bring the kept members in line for those touched or, where that is not enough, for all.

    Conditions that make no sense any more, such as of a tag that is gone, leave them as they are.
    """
    try:
        root = segments.parse(tree=live.segment.tree, brand_id=live.brand_id)
    except InvalidInput as refusal:
        live.problem = str(refusal)[:300]
        live.save(update_fields=["problem"])
        return
    fingerprint = fingerprint_of(root)
    is_due = is_old_news_over and not live.is_settled
    if live.fingerprint != fingerprint or is_due:
        live.member_count += _align(live, root, None, now)
        live.fingerprint, live.recomputed_at = fingerprint, now
        live.is_settled = live.is_settled or is_due
    elif touched:
        live.member_count += _align(live, root, touched, now)
    live.refreshed_at, live.problem = now, ""
    live.save()


def _align(live: LiveSegment, root: Group, only: Sequence[int] | None, now: datetime) -> int:
    """Return by how many the segment grew."""
    key = (live.brand_id, live.segment_id)
    compiled = segments.member_ids_sql(tree=root, brand_id=live.brand_id, now=now, only=only)
    sql = Sql(compiled.sql, compiled.params).within("WITH found AS MATERIALIZED (", ")")
    sql += Sql(GONE, key)
    if only is not None:
        sql += Sql(" AND held.member_id = ANY(%s)", (list(only),))
    sql += Sql(NOT_FOUND) + Sql(COME, key)
    segments.prepare()
    return _number(sql.text, *sql.params)


def _number(statement: str, *values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.fetchone()[0])
