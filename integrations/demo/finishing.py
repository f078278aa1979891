"""What the product itself does with a fresh demonstration brand: rules, counts, duplicates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from integrations.demo import points, week
from integrations.demo.working import work_off
from members.duplicates import services as duplicates
from members.live import services as live
from members.segments import services as segments
from members.segments.models import Segment
from members.tags import counting
from members.tags import services as tags

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


def finish(*, brand_id: int, clock: Callable[[], datetime]) -> None:
    """Look for duplicates, apply tag rules, count; then let the staff work for a while.

    The runs stay to be looked at.
    """
    with tenant(brand_id):
        duplicates.find_duplicates(actor=system_viewer(brand_id), now=clock())
        tags.apply_active_rules(brand_id=brand_id, now=clock())
    points.move(brand_id=brand_id, now=clock())
    work_off(brand_id=brand_id, clock=clock)
    with tenant(brand_id):
        counting.count_tags(brand_id=brand_id, now=clock())
        for segment in Segment.objects.filter(brand_id=brand_id):
            segments.recount(segment=segment, now=clock())
        live.recompute_all(brand_id=brand_id, now=clock())
    week.live_through(brand_id=brand_id, clock=clock)
