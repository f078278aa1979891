"""The communities somebody is in, on the member's page and in the list of members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from communities.memberships.selectors import rooms_of_members, seats_of_member
from core.kernel.access import Permission
from members.members.ports import MemberColumn
from members.profiles.ports import Panel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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


def rooms_column(ids: Sequence[int], viewer: Viewer) -> dict[int, list[tuple[str, str]]]:
    """Return the rooms in which the members of a page sit."""
    return rooms_of_members(ids=ids, viewer=viewer)


COLUMN = MemberColumn(_("Rooms"), rooms_column, Permission.COMMUNITIES_VIEW)
