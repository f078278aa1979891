from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from django.db.models.expressions import RawSQL
from django.utils import timezone

from members.live.models import LiveMember, LiveSegment, TouchedMember
from members.profiles.models import Member
from members.segments import selectors as segments

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from core.kernel.access import Viewer
    from members.segments.models import Segment
    from members.segments.rules import Group

# More than these are not looked at one by one while a page waits.
MOST_MARKS = 1_000
KEPT_AND_ANEW = """
    SELECT member_id FROM members_livemember
    WHERE brand_id = %s AND segment_id = %s AND NOT member_id = ANY(%s::bigint[])
    UNION ALL SELECT member_id FROM ({anew}) AS anew
"""


def live_of(*, segment: Segment) -> LiveSegment | None:
    """Return how a segment is kept up to date, or None where it is not."""
    return LiveSegment.objects.filter(brand_id=segment.brand_id, segment=segment).first()


def fingerprint_of(root: Group) -> str:
    """Return what tells conditions, with those of the segments they refer to, from others."""
    return hashlib.sha256(json.dumps(root.json, sort_keys=True).encode()).hexdigest()


def member_ids(*, segment: Segment, after: int, limit: int) -> list[int]:
    """Return ids above ``after`` of who is kept as being in a live segment, in order."""
    rows = LiveMember.objects.filter(
        brand_id=segment.brand_id, segment_id=segment.pk, member_id__gt=after
    )
    return list(rows.order_by("member_id").values_list("member_id", flat=True)[:limit])


def in_segment(
    *,
    segment: Segment,
    viewer: Viewer,
    now: datetime | None = None,
    span: tuple[int, int] | None = None,
) -> QuerySet[Member]:
    """Return the members of a segment whom the viewer may see; the kept ones where it is live.

    Never other ones than computing all of them finds: members touched since the last refresh are
    looked at anew, and everybody is where the conditions or the day are others than those of the
    kept rows, or where too many were touched. ``now`` and ``span`` are as ``segments.in_segment``
    has them; without ``now`` all are computed.

    Raises:
        InvalidInput: the conditions no longer make sense.
    """
    live = live_of(segment=segment) if now else None
    if live is not None and now is not None and _is_exact(live, now):
        root = segments.parse(tree=segment.tree, brand_id=live.brand_id)
        touched = _touched(live.brand_id)
        if len(touched) <= MOST_MARKS and live.fingerprint == fingerprint_of(root):
            return _kept(live, root, touched, viewer, now)
    return segments.in_segment(segment=segment, viewer=viewer, now=now, span=span)


def _is_exact(live: LiveSegment, now: datetime) -> bool:
    """Whether kept rows and marks together tell everything: of today, and nothing slipped by."""
    at = live.recomputed_at
    is_of_today = at is not None and timezone.localdate(at) == timezone.localdate(now)
    return is_of_today and live.is_settled and not live.problem


def _touched(brand_id: int) -> list[int]:
    rows = TouchedMember.objects.filter(brand_id=brand_id).order_by("pk")
    return sorted(set(rows.values_list("member_id", flat=True)[: MOST_MARKS + 1]))


def _kept(
    live: LiveSegment, root: Group, touched: list[int], viewer: Viewer, now: datetime
) -> QuerySet[Member]:
    rows = Member.objects.visible_to(viewer)
    if not touched:
        kept = LiveMember.objects.filter(brand_id=live.brand_id, segment_id=live.segment_id)
        return rows.filter(pk__in=kept.values("member_id"))
    found = segments.member_ids_sql(tree=root, brand_id=live.brand_id, now=now, only=touched)
    params = (live.brand_id, live.segment_id, touched, *found.params)
    # Our own text and the compiler's; every value is a parameter.
    return rows.filter(pk__in=RawSQL(KEPT_AND_ANEW.format(anew=found.sql), params))  # noqa: S611
