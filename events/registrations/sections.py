"""The events somebody registered for and came to, on the member's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.kernel.access import Permission
from events.registrations.selectors import is_missed, of_member
from members.profiles.ports import Panel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.profiles.models import Member

SHOWN = 8


def events_section(
    *, member: Member, viewer: Viewer, now: datetime, query: Mapping[str, str]
) -> dict[str, Any]:
    """Return the newest registrations of a member and whether they came."""
    found = of_member(member=member, viewer=viewer, limit=SHOWN)
    return {
        "events": [
            {"row": row, "is_missed": is_missed(row=row, event=row.event, now=now)} for row in found
        ]
    }


PANEL = Panel(
    "events/registrations/_of_member.html", events_section, Permission.EVENTS_VIEW, order=45
)
