"""Broadcasts in the global search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from communities.broadcasts.models import Broadcast
from core.kernel.badges import state_badge
from core.search.ports import Hit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.kernel.access import Viewer


def find_broadcasts(*, query: str, viewer: Viewer, limit: int) -> Sequence[Hit]:
    """Find broadcasts by any part of their name; a brand has a few thousand."""
    rows = Broadcast.objects.visible_to(viewer).filter(name__icontains=query)
    return [
        Hit(
            url=reverse("communities:broadcasts-detail", args=[row.pk]),
            label=row.name,
            detail=str(state_badge(row.state).label),
            icon="send",
        )
        for row in rows.order_by("-pk")[:limit]
    ]
