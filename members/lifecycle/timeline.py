"""Changes of stage, on a member's timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.lifecycle import presenting
from members.lifecycle.models import StageChange
from members.timeline.ports import Entry, TimelineSource
from members.timeline.selectors import rows_before

if TYPE_CHECKING:
    from core.kernel.access import Viewer
    from members.profiles.models import Member
    from members.timeline.rules import Before

STAGE = "stage"


def stages(*, member: Member, viewer: Viewer, before: Before, limit: int) -> list[Entry]:
    """Tell through which stages a member went, and why."""
    rows = StageChange.objects.filter(brand_id=member.brand_id, member_id=member.pk)
    found = rows_before(rows=rows, at="at", before=before, limit=limit)
    place = reverse("members:lifecycle-history", args=[member.pk])
    return [
        Entry(
            told["change"].at,
            STAGE,
            told["change"].pk,
            "stage.changed",
            _said(told["change"]),
            str(told["why"]),
            url=place,
            by=told["change"].author_label,
            data={
                "stage_change": told["change"].pk,
                "from_stage": told["change"].from_stage,
                "to_stage": told["change"].to_stage,
                "reason": told["change"].reason,
            },
        )
        for told in presenting.told(found, member.brand_id)
    ]


def _said(change: StageChange) -> str:
    if not change.from_stage:
        return _("Stage: %(to)s") % {"to": change.get_to_stage_display()}
    names = {"from": change.get_from_stage_display(), "to": change.get_to_stage_display()}
    return _("Stage: %(from)s → %(to)s") % names


SOURCES = {
    STAGE: TimelineSource(
        gettext_lazy("Stages"),
        "refresh",
        stages,
        order=30,
        tells=frozenset({"member.stage_changed"}),
    )
}
