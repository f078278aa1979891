"""The communities somebody is in, on the member's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from communities.memberships.selectors import seats_of_member
from members.profiles.models import Member

if TYPE_CHECKING:
    from core.kernel.access import Viewer


def seats_section(member_id: int, viewer: Viewer) -> dict[str, Any] | None:
    """Return the seats of a member, or None when there never was one."""
    member = Member.objects.visible_to(viewer).get(pk=member_id)
    seats = seats_of_member(member=member, viewer=viewer)
    return {"seats": seats} if seats else None
