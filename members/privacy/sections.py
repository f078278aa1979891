"""What somebody agreed to, on the member's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.kernel.access import Permission
from members.privacy.models import Consent
from members.profiles.ports import Panel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.profiles.models import Member


def consents(
    *, member: Member, viewer: Viewer, now: datetime, query: Mapping[str, str]
) -> dict[str, Any]:
    """Return the newest answer for each purpose, or that nobody asked."""
    rows = Consent.objects.filter(brand_id=member.brand_id, member_id=member.pk)
    given = {row.purpose: row for row in rows}
    return {"consents": [(label, given.get(purpose)) for purpose, label in Consent.Purpose.choices]}


PANEL = Panel("members/privacy/_of_member.html", consents, Permission.MEMBERS_VIEW, order=60)
