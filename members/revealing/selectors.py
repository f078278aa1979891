from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.timezone import localdate

from members.revealing.models import Reveal, RevealLimit, RevealTally

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer
    from core.kernel.scoping import BrandQuerySet


def limit_of(*, brand_id: int) -> RevealLimit:
    """Return the brand's limit; unsaved with the default where it has set none."""
    found = RevealLimit.objects.filter(brand_id=brand_id).first()
    return found or RevealLimit(brand_id=brand_id)


def left_today(*, viewer: Viewer, now: datetime) -> int:
    """Return how many values a signed-in person may still reveal today."""
    tallies = RevealTally.objects.filter(
        brand_id=viewer.brand_id, who=f"staff:{viewer.staff_id}", day=localdate(now)
    )
    used = tallies.values_list("used", flat=True).first() or 0
    return max(0, limit_of(brand_id=viewer.brand_id).per_day - used)


def reveals(*, viewer: Viewer) -> BrandQuerySet[Reveal]:
    """Return who saw what, of the members in sight."""
    return Reveal.objects.all().visible_to(viewer).select_related("member")
