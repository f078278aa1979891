"""The communities somebody is in, on the member's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from communities.memberships.selectors import seats_of_member
from core.kernel.access import Permission
from members.profiles.ports import Panel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.profiles.models import Member


def seats_section(
    *, member: Member, viewer: Viewer, now: datetime, query: Mapping[str, str]
) -> dict[str, Any]:
    """Return the seats of a member, taken and given up."""
    return {"seats": seats_of_member(member=member, viewer=viewer)}


PANEL = Panel(
    "communities/memberships/_of_member.html", seats_section, Permission.COMMUNITIES_VIEW, order=40
)
