"""What somebody has in both ledgers, on the member's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.kernel.access import Permission
from events.points.selectors import accounts_of
from members.profiles.ports import Panel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.profiles.models import Member


def points_section(
    *, member: Member, viewer: Viewer, now: datetime, query: Mapping[str, str]
) -> dict[str, Any]:
    """Return both balances of a member."""
    return {
        "accounts": accounts_of(member=member),
        "may_adjust": viewer.may(Permission.POINTS_EDIT),
    }


PANEL = Panel("events/points/_of_member.html", points_section, Permission.POINTS_VIEW, order=46)
