"""Writes down what became of the tags of a few members, whatever statements did it.

For acts that move whole rows between members, such as merging two: ``recording.hold`` the tags,
``look_at`` the members, let the rows move, then ``tell_difference``: history and counts follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection

from members.segments.ports import Sql
from members.tags import recording
from members.tags.recording import BEFORE, DELTAS, NOTHING, woven

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.tags.models import TagAct

TAGS_OF = """
SELECT tag_id FROM members_membertag
WHERE brand_id = %(brand)s AND member_id = ANY(%(members)s)
UNION SELECT tag_id FROM members_tagblock
WHERE brand_id = %(brand)s AND member_id = ANY(%(members)s)
"""
LOOK = """
SELECT
    coalesce((
        SELECT jsonb_agg(to_jsonb(held)) FROM members_membertag held
        WHERE held.brand_id = %(brand)s AND held.member_id = ANY(%(members)s)
    ), '[]')::text,
    coalesce((
        SELECT jsonb_agg(to_jsonb(block)) FROM members_tagblock block
        WHERE block.brand_id = %(brand)s AND block.member_id = ANY(%(members)s)
    ), '[]')::text
"""
BOTH_TIMES = """
, earlier AS MATERIALIZED (
    SELECT was.* FROM jsonb_populate_recordset(NULL::members_membertag, %(held)s::jsonb) AS was
), present AS MATERIALIZED (
    SELECT held.* FROM members_membertag held JOIN matched USING (member_id)
    WHERE held.brand_id = %(brand)s
), kept_off AS MATERIALIZED (
    SELECT was.* FROM jsonb_populate_recordset(NULL::members_tagblock, %(blocks)s::jsonb) AS was
), keeps_off AS MATERIALIZED (
    SELECT block.* FROM members_tagblock block JOIN matched USING (member_id)
    WHERE block.brand_id = %(brand)s
)
"""
# Another of a group that allows one stands in the place of the tag that is gone.
HAS_ANOTHER = """
EXISTS (
    SELECT FROM members_tag tag
    JOIN members_taggroup kind ON kind.brand_id = tag.brand_id AND kind.id = tag.group_id
    JOIN members_tag sibling ON sibling.brand_id = tag.brand_id
        AND sibling.group_id = tag.group_id AND sibling.id <> tag.id
    JOIN present other ON other.tag_id = sibling.id AND other.member_id = earlier.member_id
    WHERE tag.brand_id = %(brand)s AND tag.id = earlier.tag_id AND kind.is_exclusive
)
"""
DIFFERENCE = woven(
    """
    SELECT tag_id, 'given', member_id, {NOTHING} FROM present
    WHERE (tag_id, member_id) NOT IN (SELECT tag_id, member_id FROM earlier)
    UNION ALL
    SELECT tag_id, CASE WHEN {HAS_ANOTHER} THEN 'replaced' ELSE 'taken' END, member_id, {BEFORE}
    FROM earlier WHERE (tag_id, member_id) NOT IN (SELECT tag_id, member_id FROM present)
    UNION ALL
    SELECT tag_id, 'changed', member_id, earlier.source, earlier.author_id, earlier.tagged_at,
        earlier.expires_at
    FROM earlier JOIN present USING (tag_id, member_id)
    WHERE (earlier.source, earlier.author_id, earlier.tagged_at, earlier.expires_at)
        IS DISTINCT FROM (present.source, present.author_id, present.tagged_at, present.expires_at)
    UNION ALL
    SELECT tag_id, 'blocked', member_id, {NOTHING} FROM keeps_off
    WHERE (tag_id, member_id) NOT IN (SELECT tag_id, member_id FROM kept_off)
    UNION ALL
    SELECT tag_id, 'unblocked', member_id, {NOTHING} FROM kept_off
    WHERE (tag_id, member_id) NOT IN (SELECT tag_id, member_id FROM keeps_off)
""",
    NOTHING=NOTHING,
    BEFORE=BEFORE,
    HAS_ANOTHER=HAS_ANOTHER,
)


@dataclass(frozen=True, slots=True)
class Looked:
    """What members had, and what rules had to leave alone, at a moment: rows as JSON."""

    brand_id: int
    member_ids: list[int]
    held: str
    blocks: str


def tags_around(*, brand_id: int, member_ids: Collection[int]) -> set[int]:
    """Return the tags that any of these members has, or that rules must not give them."""
    with connection.cursor() as cursor:
        cursor.execute(TAGS_OF, {"brand": brand_id, "members": list(member_ids)})
        return {tag_id for (tag_id,) in cursor.fetchall()}


def look_at(*, brand_id: int, member_ids: Collection[int]) -> Looked:
    """Return what these members have now. The caller holds the tags (``recording.hold``)."""
    with connection.cursor() as cursor:
        cursor.execute(LOOK, {"brand": brand_id, "members": list(member_ids)})
        held, blocks = cursor.fetchone()
    return Looked(brand_id, sorted(member_ids), held, blocks)


def tell_difference(
    *,
    before: Looked,
    source: TagAct.Source,
    actor: Viewer,
    now: datetime,
    undoes: int | None = None,
) -> int | None:
    """Write down what changed since ``before`` was looked at; return the act, None for nothing.

    Counts move along. ``undoes`` is the act that this one takes back.
    """
    values: dict[str, Any] = recording.act_values(
        brand_id=before.brand_id, source=source, actor=actor, now=now, undoes=undoes
    )
    values |= {"held": before.held, "blocks": before.blocks}
    matched = Sql("SELECT unnest(%s::bigint[])", (before.member_ids,))
    text = BOTH_TIMES + DELTAS + DIFFERENCE
    done = recording.carry_out(matched=matched, changes=text, values=values)
    done.pop("matched")
    return int(values["act"]) if any(done.values()) else None
