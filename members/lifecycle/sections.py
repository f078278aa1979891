"""The stage of a member, why, and what it leads to, on the member's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.kernel.access import Permission
from members.lifecycle import ports, presenting, selectors
from members.profiles.models import Member

if TYPE_CHECKING:
    from core.kernel.access import Viewer

SHOWN = 8


def stage_section(member_id: int, viewer: Viewer) -> dict[str, Any] | None:
    """Return a member's stage with its newest changes and the communities it leads to."""
    member = Member.objects.visible_to(viewer).get(pk=member_id)
    rows = list(selectors.history(member=member)[: SHOWN + 1])
    changes = presenting.told(rows[:SHOWN], member.brand_id)
    newest = selectors.newest_own(member=member) if rows else None
    return {
        "member": member,
        "newest": presenting.told([newest], member.brand_id)[0] if newest else None,
        "changes": changes,
        "has_more": len(rows) > SHOWN,
        "circle": presenting.circle_of(member.stage),
        "recommended": ports.recommended(member=member, viewer=viewer),
        "may_change": viewer.may(Permission.MEMBERS_EDIT),
    }
