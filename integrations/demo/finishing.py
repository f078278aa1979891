"""What the product itself does with a fresh demonstration brand: rules, counts, duplicates."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from core.runs import services as runs
from integrations.demo import histories, lifecycle, points, week
from members.duplicates import services as duplicates
from members.segments import services as segments
from members.segments.models import Segment
from members.tags import counting
from members.tags import services as tags

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

LONG_ENOUGH = timedelta(hours=1)


def finish(*, brand_id: int, clock: Callable[[], datetime]) -> None:
    """Tell how members came into their stages, apply tag rules, look for duplicates, count; then
    let the staff work for a while.

    The runs stay to be looked at.
    """
    lifecycle.tell(brand_id=brand_id, now=clock())
    with tenant(brand_id):
        histories.write(brand_id=brand_id, now=clock())
        duplicates.find_duplicates(actor=system_viewer(brand_id), now=clock())
        tags.apply_active_rules(brand_id=brand_id, now=clock())
    points.move(brand_id=brand_id, now=clock())
    runs.work_due(brand_id=brand_id, clock=clock, budget=LONG_ENOUGH)
    with tenant(brand_id):
        counting.count_tags(brand_id=brand_id, now=clock())
        for segment in Segment.objects.filter(brand_id=brand_id):
            segments.recount(segment=segment, now=clock())
    week.live_through(brand_id=brand_id, clock=clock)
