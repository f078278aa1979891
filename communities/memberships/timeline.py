"""Communities joined and left, on a member's timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import prefetch_related_objects
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from communities.memberships.models import Membership
from core.kernel.access import Permission
from members.timeline import rules
from members.timeline.ports import Entry, TimelineSource
from members.timeline.selectors import rows_before

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.profiles.models import Member
    from members.timeline.rules import Before

COMMUNITY = "community"
JOINED, LEFT, BOTH = 0, 1, 2


def seats(*, member: Member, viewer: Viewer, before: Before, limit: int) -> list[Entry]:
    """Tell which communities a member joined and left, of those the viewer may see."""
    rows = Membership.objects.visible_to(viewer).filter(member_id=member.pk)
    joined = rows_before(rows=rows, at="joined_at", before=before.stream(JOINED, BOTH), limit=limit)
    left = rows_before(
        rows=rows.filter(left_at__isnull=False),
        at="left_at",
        before=before.stream(LEFT, BOTH),
        limit=limit,
    )
    # Looked up afterwards: joined to all seats, the planner would read them all.
    prefetch_related_objects([*joined, *left], "community", "room")
    told = [_joined(seat) for seat in joined]
    told += [_left(seat, seat.left_at) for seat in left if seat.left_at is not None]
    return rules.newest(told, before=before, limit=limit)


def _joined(seat: Membership) -> Entry:
    parts = [seat.room.name, seat.get_source_display()]
    if seat.role != Membership.Role.MEMBER:
        parts.append(seat.get_role_display())
    text = _("Joined %(community)s") % {"community": seat.community.name}
    return _entry(seat, seat.joined_at, JOINED, text, " · ".join(parts))


def _left(seat: Membership, at: datetime) -> Entry:
    text = _("Left %(community)s") % {"community": seat.community.name}
    return _entry(seat, at, LEFT, text, seat.room.name)


def _entry(seat: Membership, at: datetime, number: int, text: str, detail: str) -> Entry:
    return Entry(
        at,
        COMMUNITY,
        rules.key_of(seat.pk, number, BOTH),
        "community.left" if number else "community.joined",
        text,
        detail,
        url=reverse("communities:communities-detail", args=[seat.community_id]),
        data={"community": seat.community_id, "room": seat.room_id, "membership": seat.pk},
    )


SOURCES = {
    COMMUNITY: TimelineSource(
        gettext_lazy("Communities"), "chat", seats, Permission.COMMUNITIES_VIEW, order=50
    )
}
