"""Events in the global search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from core.kernel import formats
from core.search.ports import Hit
from events.calendar.models import Event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.kernel.access import Viewer


def find_events(*, query: str, viewer: Viewer, limit: int) -> Sequence[Hit]:
    """Find events by any part of their name; a brand has some thousands."""
    rows = Event.objects.visible_to(viewer).filter(name__icontains=query)
    return [
        Hit(
            url=reverse("events:events-detail", args=[row.pk]),
            label=row.name,
            detail=f"{row.get_kind_display()} · {formats.exact(row.starts_at)}",
            icon="calendar",
        )
        for row in rows.order_by("-starts_at", "-pk")[:limit]
    ]
