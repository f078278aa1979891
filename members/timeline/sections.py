"""The timeline, as the main card of a member's page."""

from __future__ import annotations

from core.kernel.access import Permission
from members.profiles.ports import Panel
from members.timeline.presenting import timeline_of

PANEL = Panel(
    "members/timeline/_timeline.html", timeline_of, Permission.MEMBERS_VIEW, 10, is_main=True
)
