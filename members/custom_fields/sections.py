"""What a brand's own fields say of a member, on the member's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.kernel.access import Permission
from members.custom_fields import selectors
from members.profiles.ports import Panel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.profiles.models import Member


def custom_section(
    *, member: Member, viewer: Viewer, now: datetime, query: Mapping[str, str]
) -> dict[str, Any] | None:
    """Return each field with the member's value; None where the brand has no fields."""
    fields = selectors.specs(brand_id=viewer.brand_id)
    if not fields:
        return None
    held = selectors.values_of(brand_id=viewer.brand_id, member_ids=[member.pk], fields=fields)
    is_masked = not selectors.sees_personal(viewer)
    told = [
        (spec, selectors.told(spec=spec, value=held[member.pk].get(spec.key), is_masked=is_masked))
        for spec in fields
    ]
    return {"rows": told, "may_edit": viewer.may(Permission.MEMBERS_EDIT)}


PANEL = Panel("members/custom_fields/_of_member.html", custom_section, Permission.MEMBERS_VIEW, 70)
