"""Reading the history of a tag and of a member out of acts and their batches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import connection

from members.profiles.models import MergedMember
from members.tags.models import TagAct, TagChange, TagChangeBatch, what_happened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from core.kernel.access import Viewer
    from members.profiles.models import Member
    from members.tags.models import Tag

# Newest first through the member's bucket: what happened to a thousand neighbours, of which the
# member's own are kept, and so for everybody who was merged into the member. ``at`` and ``before``
# turn the page. What one change did to both is told once, of the member; that a merge took tags
# from the one and gave them to the other is told by the one who has them.
OF_MEMBER = """
SELECT told.*, nullif(whose.member_id, %(member)s)
FROM unnest(%(members)s::bigint[]) WITH ORDINALITY AS whose (member_id, place)
CROSS JOIN LATERAL (
    SELECT batch.id, batch.at, change.tag_id, change.tag_name, change.kind, act.id AS act_id,
        act.source, act.author_label, act.rule_version, act.undone_at IS NOT NULL, act.run_id
    FROM members_tagchangebatch batch
    JOIN members_tagchange change
        ON change.brand_id = batch.brand_id AND change.id = batch.change_id
    JOIN members_tagact act ON act.brand_id = batch.brand_id AND act.id = change.act_id
    WHERE batch.brand_id = %(brand)s AND batch.bucket = whose.member_id / %(size)s
        AND (batch.at, batch.id) < (%(at)s, %(before)s)
        AND whose.member_id = ANY(batch.member_ids)
        AND (
            whose.member_id = %(member)s OR act.source <> 'merge' OR act.run_id IS NOT NULL
        )
        AND NOT EXISTS (
            SELECT FROM unnest(%(members)s::bigint[]) WITH ORDINALITY AS first (member_id, place)
            JOIN members_tagchangebatch other
                ON other.brand_id = %(brand)s AND other.change_id = change.id
                AND other.bucket = first.member_id / %(size)s
                AND first.member_id = ANY(other.member_ids)
            WHERE first.place < whose.place
        )
    ORDER BY batch.at DESC, batch.id DESC LIMIT %(limit)s
) AS told
ORDER BY told.at DESC, told.id DESC LIMIT %(limit)s
"""
NEWEST, END_OF_TIME = 2**62, datetime(9999, 12, 1, tzinfo=UTC)
A_PAGE = 20
MOST_MERGED = 50


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened to one member's tag. ``at`` and ``pk`` turn the page.

    ``of_merged`` is the number of whoever it happened to, where they became this member since.
    """

    pk: int
    at: datetime
    tag_id: int
    tag_name: str
    kind: str
    act_id: int
    source: str
    by: str
    rule_version: int | None
    is_undone: bool
    run_id: int | None
    of_merged: int | None = None

    @property
    def kind_label(self) -> str:
        """What happened, for people."""
        return what_happened(kind=self.kind, source=self.source)

    @property
    def source_label(self) -> str:
        """By whose word, for people."""
        return str(TagAct.Source(self.source).label)


def of_member(
    *, member: Member, at: datetime = END_OF_TIME, before: int = NEWEST, limit: int = A_PAGE
) -> list[Happened]:
    """Return what happened to a member's tags, the newest first.

    Only what comes before a moment and, among that moment's, below a batch's number. With what
    happened to members who were merged into this one.
    """
    merged = MergedMember.objects.filter(brand_id=member.brand_id, winner_id=member.pk)
    ids = list(merged.order_by("-merge_id").values_list("pk", flat=True)[:MOST_MERGED])
    values: dict[str, Any] = {
        "brand": member.brand_id,
        "member": member.pk,
        "members": [member.pk, *ids],
        "size": TagChangeBatch.SIZE,
        "at": at,
        "before": before,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(OF_MEMBER, values)
        return [Happened(*row) for row in cursor.fetchall()]


def of_tag(*, tag: Tag, viewer: Viewer) -> QuerySet[TagChange]:
    """Return what acts did with a tag, for a keyset page; a dealer's people see their own acts."""
    acts = TagAct.objects.visible_to(viewer)
    rows = TagChange.objects.filter(brand_id=tag.brand_id, tag_id=tag.pk).select_related("act")
    return rows if viewer.is_brand_wide else rows.filter(act__in=acts)


def changes_of(*, act: TagAct) -> Sequence[TagChange]:
    """Return what an act did with which tags."""
    rows = TagChange.objects.filter(brand_id=act.brand_id, act_id=act.pk)
    return list(rows.order_by("pk"))
