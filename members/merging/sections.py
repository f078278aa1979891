"""Who was merged into a member, on the member's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.kernel.access import Permission
from members.merging import selectors
from members.profiles.ports import Panel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.profiles.models import Member


def merges(
    *, member: Member, viewer: Viewer, now: datetime, query: Mapping[str, str]
) -> dict[str, Any] | None:
    """Return what was merged into a member; no card where nothing was."""
    found = selectors.merges_of(member=member, viewer=viewer)
    return {"merges": found, "may_edit": viewer.may(Permission.MEMBERS_EDIT)} if found else None


PANEL = Panel("members/merging/_of_member.html", merges, Permission.MEMBERS_VIEW, order=90)
