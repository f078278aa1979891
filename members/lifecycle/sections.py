"""The stage of a member, why, and what it leads to, on the member's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.timezone import localdate

from core.kernel.access import Permission
from members.lifecycle import ports, presenting, selectors
from members.profiles.ports import Panel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.profiles.models import Member


def stage_section(
    *, member: Member, viewer: Viewer, now: datetime, query: Mapping[str, str]
) -> dict[str, Any]:
    """Return why a member is in their stage, and the communities it leads to."""
    newest = selectors.newest_own(member=member)
    return {
        "newest": presenting.told([newest], member.brand_id)[0] if newest else None,
        "is_since_taken_in": member.stage_since in {None, localdate(member.created_at)},
        "circle": presenting.circle_of(member.stage),
        "recommended": ports.recommended(member=member, viewer=viewer),
        "may_change": viewer.may(Permission.MEMBERS_EDIT),
    }


PANEL = Panel("members/lifecycle/_of_member.html", stage_section, Permission.MEMBERS_VIEW, 20)
