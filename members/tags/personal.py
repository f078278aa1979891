"""What tags keep about a member: those they have, those kept from them, and the history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from members.erasure.ports import Holding
from members.erasure.services import texts_of
from members.tags import comparing, recording
from members.tags.models import (
    MemberTag,
    Tag,
    TagAct,
    TagBlock,
    TagChange,
    TagChangeBatch,
    TagGroup,
    TagLimits,
    TagRule,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from members.erasure.ports import Asked, Erasing

# Those given since ``_hold``, in the order in which acts on tags hold them.
HOLD = """
SELECT FROM members_tag AS held
WHERE held.brand_id = %(brand)s AND held.id IN (
    SELECT given.tag_id FROM members_membertag AS given
    WHERE given.brand_id = %(brand)s AND given.member_id = ANY(%(ids)s::bigint[])
)
ORDER BY held.id FOR NO KEY UPDATE
"""
TAKE = """
WITH gone AS (
    DELETE FROM members_membertag WHERE brand_id = %(brand)s AND member_id = ANY(%(ids)s::bigint[])
    RETURNING tag_id
), counted AS (SELECT tag_id, count(*) AS people FROM gone GROUP BY tag_id)
UPDATE members_tag AS tag SET member_count = tag.member_count - counted.people
FROM counted WHERE tag.brand_id = %(brand)s AND tag.id = counted.tag_id
"""
# The history of a member lies in the batches of one bucket, which plain numbers reach.
SHRINK = """
UPDATE members_tagchangebatch AS batch SET
    (member_ids, people, sources, author_ids, tagged_ats, expires_ats) = (
        SELECT coalesce(array_agg(who.member_id ORDER BY who.n), '{}'), count(*),
            CASE WHEN batch.sources IS NOT NULL THEN array_agg(who.source ORDER BY who.n) END,
            CASE WHEN batch.author_ids IS NOT NULL THEN array_agg(who.author ORDER BY who.n) END,
            CASE WHEN batch.tagged_ats IS NOT NULL THEN array_agg(who.tagged ORDER BY who.n) END,
            CASE WHEN batch.expires_ats IS NOT NULL THEN array_agg(who.expires ORDER BY who.n) END
        FROM unnest(batch.member_ids, batch.sources, batch.author_ids, batch.tagged_ats,
            batch.expires_ats) WITH ORDINALITY
            AS who (member_id, source, author, tagged, expires, n)
        WHERE who.member_id <> ALL(%(ids)s::bigint[])
    )
WHERE batch.brand_id = %(brand)s AND batch.bucket = ANY(%(buckets)s::bigint[])
    AND batch.member_ids && %(ids)s::bigint[]
RETURNING new.id, batch.change_id, old.people - new.people, new.people
"""
LESS = """
UPDATE members_tagchange AS change SET people = change.people - less.people
FROM (
    SELECT id, sum(people) AS people
    FROM unnest(%(changes)s::bigint[], %(less)s::bigint[]) AS one (id, people)
    GROUP BY id
) AS less
WHERE change.brand_id = %(brand)s AND change.id = less.id
"""
DROP = (
    """
    DELETE FROM members_tagchangebatch
    WHERE brand_id = %(brand)s AND id = ANY(%(empty)s::bigint[])
    """,
    """
    DELETE FROM members_tagchange
    WHERE brand_id = %(brand)s AND id = ANY(%(changes)s::bigint[]) AND people = 0
    """,
)
TELL = """
SELECT batch.at, change.tag_name, change.kind, act.source, act.author_label
FROM members_tagchangebatch AS batch
JOIN members_tagchange AS change
    ON change.brand_id = batch.brand_id AND change.id = batch.change_id
JOIN members_tagact AS act ON act.brand_id = change.brand_id AND act.id = change.act_id
WHERE batch.brand_id = %s AND batch.bucket = %s AND %s = ANY(batch.member_ids)
ORDER BY batch.id DESC
"""


def _hold(erasing: Erasing) -> None:
    tags = comparing.tags_around(brand_id=erasing.brand_id, member_ids=erasing.ids)
    recording.hold(brand_id=erasing.brand_id, tag_ids=tags)


def _take(erasing: Erasing) -> None:
    with connection.cursor() as cursor:
        cursor.execute(HOLD, erasing.params)
        cursor.execute(TAKE, erasing.params)


def _forget(erasing: Erasing) -> None:
    buckets = sorted({member_id // TagChangeBatch.SIZE for member_id in erasing.ids})
    with connection.cursor() as cursor:
        cursor.execute(SHRINK, erasing.params | {"buckets": buckets})
        shrunk = cursor.fetchall()
        if not shrunk:
            return
        params: dict[str, Any] = {
            "brand": erasing.brand_id,
            "changes": [change for _id, change, _less, _left in shrunk],
            "less": [less for _id, _change, less, _left in shrunk],
            "empty": [pk for pk, _change, _less, left in shrunk if not left],
        }
        for sql in (LESS, *DROP):
            cursor.execute(sql, params)


def _tell(asked: Asked) -> Iterator[dict[str, Any]]:
    kinds, sources = dict(TagChange.Kind.choices), dict(TagAct.Source.choices)
    with connection.cursor() as cursor:
        bucket = asked.member_id // TagChangeBatch.SIZE
        cursor.execute(TELL, [asked.brand_id, bucket, asked.member_id])
        for at, name, kind, source, author in cursor.fetchall():
            told = {"at": at, "tag": name, "kind": str(kinds[kind])}
            yield told | {"source": str(sources[source]), "author": author}


HOLDINGS = (
    Holding(
        model=MemberTag,
        label=_("Tags"),
        hold=_hold,
        erase=_take,
        fields={
            "tag__group__name": _("Group"),
            "tag__name": _("Tag"),
            "source": _("Source"),
            "tagged_at": _("Since"),
            "expires_at": _("Ends"),
        },
    ),
    Holding(
        model=TagBlock,
        label=_("Tags taken off by hand"),
        fields={"tag__name": _("Tag"), "created_at": _("Since")},
    ),
    Holding(
        model=TagChangeBatch,
        columns=("member_ids", "bucket"),
        label=_("History of tags"),
        erase=_forget,
        count=f"""
            SELECT count(*), 0 FROM members_tagchangebatch AS batch
            WHERE batch.brand_id = %(brand)s AND batch.bucket IN (
                SELECT one / {TagChangeBatch.SIZE} FROM unnest(%(ids)s::bigint[]) AS one
            ) AND batch.member_ids && %(ids)s::bigint[]
        """,  # noqa: S608  (a number of our own)
        tell=_tell,
        fields={
            "at": _("Time"),
            "tag": _("Tag"),
            "kind": _("Change"),
            "source": _("Source"),
            "author": _("By"),
        },
    ),
)
SEARCHES = (
    texts_of(model=TagRule, columns=("tree",), names=False),
    texts_of(model=Tag, columns=("name",), names=False),
    texts_of(model=TagChange, columns=("tag_name",), names=False),
)
IMPERSONAL = {
    TagAct: "Who acted and when; to whom stands in the batches.",
    TagGroup: "Names that the brand gives to kinds of facts.",
    TagLimits: "Numbers.",
}
