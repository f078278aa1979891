"""What the product itself does with a fresh demonstration brand: rules, counts, duplicates."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from integrations.demo import points, week
from integrations.demo.working import side_by_side, work_off
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
        kept = list(Segment.objects.filter(brand_id=brand_id).order_by("pk"))
    counts = [partial(_count, segment, clock) for segment in kept]
    side_by_side([partial(_count_tags, brand_id, clock), *counts])
    with tenant(brand_id):
        live.recompute_all(brand_id=brand_id, now=clock())
    week.live_through(brand_id=brand_id, clock=clock)


def _count_tags(brand_id: int, clock: Callable[[], datetime]) -> None:
    with tenant(brand_id):
        counting.count_tags(brand_id=brand_id, now=clock())


def _count(segment: Segment, clock: Callable[[], datetime]) -> None:
    with tenant(segment.brand_id):
        segments.recount(segment=segment, now=clock())
