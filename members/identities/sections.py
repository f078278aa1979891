"""What somebody is called in other systems, on the member's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.kernel.access import Permission
from members.identities.models import Identity
from members.profiles.ports import Panel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.profiles.models import Member


def identities(
    *, member: Member, viewer: Viewer, now: datetime, query: Mapping[str, str]
) -> dict[str, Any] | None:
    """Return a member's names elsewhere; no card for readers where there are none."""
    rows = Identity.objects.filter(brand_id=member.brand_id, member_id=member.pk)
    found, may_edit = list(rows.order_by("kind", "pk")), viewer.may(Permission.MEMBERS_EDIT)
    if not found and not may_edit:
        return None
    may_reveal = viewer.may(Permission.MEMBERS_REVEAL)
    return {"identities": found, "may_edit": may_edit, "may_reveal": may_reveal}


PANEL = Panel("members/identities/_of_member.html", identities, Permission.MEMBERS_VIEW, order=80)
