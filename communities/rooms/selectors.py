from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Max
from django.urls import reverse

from communities.policies import rules as policy_rules
from communities.rooms.models import Room

if TYPE_CHECKING:
    from collections.abc import Collection

    from communities.communities.models import Community
    from core.kernel.access import Viewer


def rooms_of(*, community: Community, limit: int) -> list[Room]:
    """Return a community's rooms by number; those with people waiting on them stay in order."""
    rows = Room.objects.filter(brand_id=community.brand_id, community=community)
    return list(rows.order_by("number")[:limit])


def next_name(*, community: Community) -> str:
    """Return what the next room of a community will be called."""
    rows = Room.objects.filter(brand_id=community.brand_id, community=community)
    number = (rows.aggregate(last=Max("number"))["last"] or 0) + 1
    return policy_rules.room_name(community.room_name_template, number)


def describe_rooms(*, viewer: Viewer, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Name rooms in the audit trail, with where they are."""
    rows = Room.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", "name")
    return {pk: (name, reverse("communities:rooms-detail", args=[pk])) for pk, name in rows}
