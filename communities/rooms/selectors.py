from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Max

from communities.policies import rules as policy_rules
from communities.rooms.models import Room

if TYPE_CHECKING:
    from communities.communities.models import Community


def rooms_of(*, community: Community, limit: int) -> list[Room]:
    """Return a community's rooms by number; those with people waiting on them stay in order."""
    rows = Room.objects.filter(brand_id=community.brand_id, community=community)
    return list(rows.order_by("number")[:limit])


def next_name(*, community: Community) -> str:
    """Return what the next room of a community will be called."""
    rows = Room.objects.filter(brand_id=community.brand_id, community=community)
    number = (rows.aggregate(last=Max("number"))["last"] or 0) + 1
    return policy_rules.room_name(community.room_name_template, number)
