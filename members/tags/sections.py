"""The tags somebody has, on the member's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.kernel.access import Permission
from members.profiles.ports import Panel
from members.tags import selectors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.profiles.models import Member


def held_tags(
    *, member: Member, viewer: Viewer, now: datetime, query: Mapping[str, str]
) -> dict[str, Any]:
    """Return the tags a member has, and those that rules may not give."""
    return {
        "tags": selectors.tags_of(brand_id=member.brand_id, member_ids=[member.pk])[member.pk],
        "blocked": selectors.blocked_for(member=member),
        "form": None,
        "may_tag": viewer.may(Permission.TAGS_EDIT),
    }


PANEL = Panel("members/tags/_held.html", held_tags, Permission.MEMBERS_VIEW, order=10)
