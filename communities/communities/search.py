"""Communities in the global search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from communities.communities.models import Community
from core.kernel.badges import kind_badge
from core.search.ports import Hit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.kernel.access import Viewer


def find_communities(*, query: str, viewer: Viewer, limit: int) -> Sequence[Hit]:
    """Find communities in use by any part of their name; a brand has some thousands."""
    rows = (
        Community.objects.visible_to(viewer)
        .exclude(state=Community.State.ARCHIVED)
        .filter(name__icontains=query)
    )
    return [
        Hit(
            url=reverse("communities:communities-detail", args=[row.pk]),
            label=row.name,
            detail=str(kind_badge(row.kind).label),
            icon="chat",
        )
        for row in rows.order_by("-pk")[:limit]
    ]
