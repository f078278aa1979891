from __future__ import annotations

from typing import TYPE_CHECKING

from members.live.models import LiveMember, LiveSegment

if TYPE_CHECKING:
    from members.segments.models import Segment


def live_of(*, segment: Segment) -> LiveSegment | None:
    """Return how a segment is kept up to date, or None where it is not."""
    return LiveSegment.objects.filter(brand_id=segment.brand_id, segment=segment).first()


def member_ids(*, segment: Segment, after: int, limit: int) -> list[int]:
    """Return ids above ``after`` of who is kept as being in a live segment, in order."""
    rows = LiveMember.objects.filter(
        brand_id=segment.brand_id, segment_id=segment.pk, member_id__gt=after
    )
    return list(rows.order_by("member_id").values_list("member_id", flat=True)[:limit])
