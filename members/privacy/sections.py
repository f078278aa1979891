"""What somebody agreed to, on the member's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.kernel.access import Permission
from members.privacy import selectors
from members.profiles.ports import Panel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.profiles.models import Member

PAST = 20


def consents(
    *, member: Member, viewer: Viewer, now: datetime, query: Mapping[str, str]
) -> dict[str, Any]:
    """Return how a member stands to every purpose, and what they answered before."""
    return {
        "standings": selectors.standings(member=member, now=now),
        "past": selectors.past(member=member, limit=PAST),
        "may_edit": viewer.may(Permission.MEMBERS_EDIT),
    }


PANEL = Panel("members/privacy/_of_member.html", consents, Permission.MEMBERS_VIEW, order=60)
