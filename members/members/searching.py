"""Members in the global search: by name, phone, its tail, VIN tail or customer number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from core.kernel import formats
from core.search.ports import Hit
from members.members import selectors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.kernel.access import Viewer


def find_members(*, query: str, viewer: Viewer, limit: int) -> Sequence[Hit]:
    """Return the newest members who match; every way to match is behind an index."""
    rows = selectors.narrowed(viewer=viewer, chosen={}, query=query)
    return [
        Hit(
            url=reverse("members:members-detail", args=[member.pk]),
            label=formats.masked_name(member.display_name),
            detail=" · ".join(filter(None, [member.phone_masked, _place(member)])),
            icon="user",
        )
        for member in rows.select_related("city").order_by("-pk")[:limit]
    ]


def _place(member: object) -> str:
    city = getattr(member, "city", None)
    return city.short_name if city else ""
