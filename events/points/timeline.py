"""Points earned, spent, taken back and run out, on a member's timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from core.kernel import formats
from core.kernel.access import Permission
from events.points.models import Kind, Ledger, PointsEntry, State
from members.timeline.ports import Entry, TimelineSource
from members.timeline.selectors import rows_before

if TYPE_CHECKING:
    from core.kernel.access import Viewer
    from members.profiles.models import Member
    from members.timeline.rules import Before

POINTS = "points"
WHAT = {
    Kind.EARN: "points.earned",
    Kind.SPEND: "points.spent",
    Kind.REVERSE: "points.reversed",
    Kind.EXPIRE: "points.expired",
    Kind.ADJUST: "points.adjusted",
}


def points(*, member: Member, viewer: Viewer, before: Before, limit: int) -> list[Entry]:
    """Tell how a member's points moved; what was cancelled never happened."""
    rows = PointsEntry.objects.filter(brand_id=member.brand_id, member_id=member.pk)
    rows = rows.exclude(state=State.CANCELLED)
    found = rows_before(rows=rows, at="occurred_at", before=before, limit=limit)
    place = reverse("events:points-of-member", args=[member.pk])
    return [
        Entry(
            entry.occurred_at,
            POINTS,
            entry.pk,
            WHAT[Kind(entry.kind)],
            _said(entry),
            _detail(entry),
            url=place,
            by=entry.created_by_label,
            data={"entry": entry.pk, "ledger": entry.ledger, "amount": entry.amount},
        )
        for entry in found
    ]


def _said(entry: PointsEntry) -> str:
    number = formats.grouped(abs(entry.amount))
    signed = f"{'+' if entry.amount > 0 else '−'}{number}"
    if entry.ledger == Ledger.CONTRIBUTION:
        texts = {
            Kind.EARN: _("Earned %(n)s contribution"),
            Kind.REVERSE: _("Contribution reversed: %(signed)s"),
            Kind.ADJUST: _("Contribution adjusted: %(signed)s"),
        }
    else:
        texts = {
            Kind.EARN: _("Earned %(n)s points"),
            Kind.SPEND: _("Spent %(n)s points"),
            Kind.REVERSE: _("Points reversed: %(signed)s"),
            Kind.EXPIRE: _("%(n)s points expired"),
            Kind.ADJUST: _("Points adjusted: %(signed)s"),
        }
    return texts[Kind(entry.kind)] % {"n": number, "signed": signed}


def _detail(entry: PointsEntry) -> str:
    pending = str(entry.get_state_display()) if entry.state == State.PENDING else ""
    return " · ".join(part for part in (pending, entry.reason) if part)


SOURCES = {
    POINTS: TimelineSource(
        pgettext_lazy("ledger", "Points"),
        "gift",
        points,
        Permission.POINTS_VIEW,
        order=15,
        tells=frozenset(
            {"points.posted", "points.adjusted", "points.reversed", "points.confirmed"}
        ),
    )
}
