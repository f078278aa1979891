"""The cars somebody has and had, on the member's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.kernel.access import Permission
from members.profiles.ports import Panel
from members.vehicles import selectors
from members.vehicles.models import Ownership

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.profiles.models import Member


def cars(
    *, member: Member, viewer: Viewer, now: datetime, query: Mapping[str, str]
) -> dict[str, Any]:
    """Return a member's cars, the newest first."""
    rows = Ownership.objects.filter(brand_id=member.brand_id, member_id=member.pk)
    return {
        "of_others": selectors.cars_of_others(brand_id=member.brand_id, member_id=member.pk),
        "cars": list(rows.select_related("vehicle__model").order_by("-delivered_on", "-pk")),
        "may_edit": viewer.may(Permission.MEMBERS_EDIT),
        "may_reveal": viewer.may(Permission.MEMBERS_REVEAL),
    }


PANEL = Panel("members/vehicles/_of_member.html", cars, Permission.MEMBERS_VIEW, order=30)
