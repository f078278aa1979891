"""Names of other systems that were bound to a member, on the member's timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.identities.models import Identity
from members.timeline import rules
from members.timeline.ports import Entry, TimelineSource

if TYPE_CHECKING:
    from core.kernel.access import Viewer
    from members.profiles.models import Member
    from members.timeline.rules import Before

IDENTITY = "identity"


def identities(*, member: Member, viewer: Viewer, before: Before, limit: int) -> list[Entry]:
    """Tell when a member became known elsewhere. Nobody has more than a handful."""
    rows = Identity.objects.filter(brand_id=member.brand_id, member_id=member.pk)
    told = (
        Entry(
            row.created_at,
            IDENTITY,
            row.pk,
            "identity.bound",
            _("Identity bound: %(kind)s") % {"kind": row.get_kind_display()},
            data={"identity": row.pk, "identity_kind": row.kind},
        )
        for row in rows
    )
    return rules.newest(told, before=before, limit=limit)


SOURCES = {
    IDENTITY: TimelineSource(
        gettext_lazy("Identities"),
        "link",
        identities,
        order=80,
        tells=frozenset({"member.identity_added"}),
    )
}
