"""How somebody buys, on the member's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.kernel.access import Permission
from members.orders.rfm import rfm_of
from members.profiles.ports import Panel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.profiles.models import Member


def buying(
    *, member: Member, viewer: Viewer, now: datetime, query: Mapping[str, str]
) -> dict[str, Any]:
    """Return how lately, how often and for how much a member bought."""
    return {"rfm": rfm_of(brand_id=member.brand_id, member_ids=[member.pk], now=now)[member.pk]}


PANEL = Panel("members/orders/_of_member.html", buying, Permission.MEMBERS_VIEW, order=50)
