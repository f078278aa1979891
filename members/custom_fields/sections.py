"""What a brand's own fields say of a member, on the member's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.kernel.access import Permission
from members.custom_fields import selectors
from members.profiles.models import Member

if TYPE_CHECKING:
    from core.kernel.access import Viewer


def custom_section(member_id: int, viewer: Viewer) -> dict[str, Any] | None:
    """Return each field with the member's value; None where the brand has no fields."""
    member = Member.objects.visible_to(viewer).get(pk=member_id)
    fields = selectors.specs(brand_id=viewer.brand_id)
    if not fields:
        return None
    held = selectors.values_of(brand_id=viewer.brand_id, member_ids=[member.pk], fields=fields)
    is_masked = not selectors.sees_personal(viewer)
    told = [
        (spec, selectors.told(spec=spec, value=held[member.pk].get(spec.key), is_masked=is_masked))
        for spec in fields
    ]
    return {
        "member": member,
        "rows": told,
        "may_edit": viewer.may(Permission.MEMBERS_EDIT),
    }
