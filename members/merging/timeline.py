"""Who was merged into a member, and what was undone, on the member's timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.kernel import formats
from members.merging.models import MemberMerge
from members.timeline import rules
from members.timeline.ports import Entry, TimelineSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.profiles.models import Member
    from members.timeline.rules import Before

MERGE = "merge"


def merges(*, member: Member, viewer: Viewer, before: Before, limit: int) -> list[Entry]:
    """Tell who was merged into a member. Nobody is merged more than a few times."""
    rows = MemberMerge.objects.visible_to(viewer).filter(winner_id=member.pk)
    rows = rows.defer(
        "loser", "before", "after", "moved", "told"
    )  # all that is kept for undoing it
    return rules.newest((one for row in rows for one in _told(row)), before=before, limit=limit)


def _told(row: MemberMerge) -> Iterator[Entry]:
    names = {"name": formats.masked_name(row.loser_name)}
    merged = _("%(name)s was merged into this member") % names
    yield _entry(row, row.merged_at, 0, "merge.done", merged, row.merged_by_label)
    if row.undone_at is not None:
        undone = _("The merge of %(name)s was undone") % names
        yield _entry(row, row.undone_at, 1, "merge.undone", undone, "")


def _entry(row: MemberMerge, at: datetime, number: int, what: str, text: str, by: str) -> Entry:
    return Entry(
        at,
        MERGE,
        rules.key_of(row.pk, number, 2),
        what,
        text,
        url=reverse("members:merges-detail", args=[row.pk]),
        by=by,
        data={"merge": row.pk},
    )


SOURCES = {
    MERGE: TimelineSource(
        gettext_lazy("Merges"),
        "branch",
        merges,
        order=85,
        tells=frozenset({"member.merged", "member.merge_undone"}),
    )
}
