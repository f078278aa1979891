"""The statements that give tags and take them; ``recording`` adds what each of them did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from members.segments.ports import Sql
from members.tags import recording
from members.tags.models import Tag, TagAct, TagChange, TagLimits, TagRule
from members.tags.recording import BEFORE, DELTAS, NOTHING, woven

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Whoever has as many tags as a member may. Asked only where a brand has that many tags.
FULL = """
, brimful (member_id) AS MATERIALIZED (
    SELECT matched.member_id FROM matched
    WHERE (
        SELECT count(*) FROM members_membertag held
        WHERE held.brand_id = %(brand)s AND held.member_id = matched.member_id
    ) >= %(per_member)s AND NOT EXISTS (
        SELECT FROM members_membertag held
        WHERE held.brand_id = %(brand)s AND held.tag_id = %(tag)s
            AND held.member_id = matched.member_id
    )
)
"""
NOBODY_FULL = ", brimful (member_id) AS (SELECT NULL::bigint WHERE FALSE)"
NOT_FULL = """
NOT EXISTS (SELECT FROM brimful WHERE brimful.member_id = matched.member_id)
"""
# In an exclusive group, what a person gives takes the place of the others.
REPLACE = """
, replaced AS (
    DELETE FROM members_membertag other USING matched, members_tag sibling
    WHERE other.brand_id = %(brand)s AND other.member_id = matched.member_id
        AND sibling.brand_id = other.brand_id AND sibling.id = other.tag_id
        AND sibling.group_id = %(group)s AND sibling.id <> %(tag)s AND -- not full
    RETURNING other.tag_id, other.member_id, other.source, other.author_id, other.tagged_at,
        other.expires_at
)
""".replace("-- not full", NOT_FULL)
REPLACED = woven(
    "UNION ALL SELECT tag_id, 'replaced', member_id, {BEFORE} FROM replaced", BEFORE=BEFORE
)
GIVE = """
, given AS (
    INSERT INTO members_membertag AS held
        (brand_id, tag_id, member_id, source, author_id, tagged_at, expires_at)
    SELECT %(brand)s, %(tag)s, matched.member_id, 'manual', %(author)s, %(now)s, %(expires)s
    FROM matched WHERE -- not full
    ON CONFLICT (brand_id, tag_id, member_id) DO UPDATE SET source = 'manual',
        author_id = excluded.author_id, expires_at = excluded.expires_at,
        tagged_at = CASE WHEN held.source = 'manual' THEN held.tagged_at
            ELSE excluded.tagged_at END
    WHERE held.source <> 'manual' OR held.expires_at IS DISTINCT FROM excluded.expires_at
    RETURNING new.tag_id, new.member_id, old.source, old.author_id, old.tagged_at, old.expires_at
), cleared AS (
    DELETE FROM members_tagblock block USING matched
    WHERE block.brand_id = %(brand)s AND block.tag_id = %(tag)s
        AND block.member_id = matched.member_id AND -- not full
    RETURNING block.tag_id, block.member_id
)
""".replace("-- not full", NOT_FULL)
GIVEN = woven(
    """
    SELECT tag_id, CASE WHEN source IS NULL THEN 'given' ELSE 'changed' END, member_id,
        {BEFORE} FROM given
    UNION ALL SELECT tag_id, 'unblocked', member_id, {NOTHING} FROM cleared
""",
    BEFORE=BEFORE,
    NOTHING=NOTHING,
)
TAKE = """
, taken AS (
    DELETE FROM members_membertag held USING matched
    WHERE held.brand_id = %(brand)s AND held.tag_id = %(tag)s
        AND held.member_id = matched.member_id
    RETURNING held.tag_id, held.member_id, held.source, held.author_id, held.tagged_at,
        held.expires_at
)
"""
TAKEN = woven(
    "SELECT tag_id, 'taken', member_id, {BEFORE} FROM taken",
    BEFORE=BEFORE,
)
# The rule must not give it back.
BLOCK = """
, blocked AS (
    INSERT INTO members_tagblock (brand_id, tag_id, member_id, author_id, created_at)
    SELECT %(brand)s, %(tag)s, matched.member_id, %(author)s, %(now)s FROM matched
    ON CONFLICT DO NOTHING RETURNING tag_id, member_id
)
"""
BLOCKED = woven(
    " UNION ALL SELECT tag_id, 'blocked', member_id, {NOTHING} FROM blocked",
    NOTHING=NOTHING,
)
# A rule leaves those alone who have another tag of an exclusive group: somebody decided that.
ONE_OF_GROUP = """
AND NOT EXISTS (
    SELECT FROM members_membertag other
    JOIN members_tag sibling ON sibling.brand_id = other.brand_id AND sibling.id = other.tag_id
    WHERE other.brand_id = %(brand)s AND other.member_id = matched.member_id
        AND sibling.group_id = %(group)s AND sibling.id <> %(tag)s
)
"""
FOLLOW_RULE = woven(
    """
, given AS (
    INSERT INTO members_membertag (brand_id, tag_id, member_id, source, author_id, tagged_at)
    SELECT %(brand)s, %(tag)s, matched.member_id, 'rule', NULL, %(now)s FROM matched
    WHERE {NOT_FULL} AND NOT EXISTS (
        SELECT FROM members_tagblock block WHERE block.brand_id = %(brand)s
            AND block.tag_id = %(tag)s AND block.member_id = matched.member_id
    ) -- one of group
    ON CONFLICT DO NOTHING RETURNING tag_id, member_id
), taken AS (
    DELETE FROM members_membertag held
    WHERE held.brand_id = %(brand)s AND held.tag_id = %(tag)s AND held.source = 'rule'
        AND held.member_id > %(low)s AND held.member_id <= %(high)s
        AND NOT EXISTS (SELECT FROM matched WHERE matched.member_id = held.member_id)
    RETURNING held.tag_id, held.member_id, held.source, held.author_id, held.tagged_at,
        held.expires_at
)
""",
    NOT_FULL=NOT_FULL,
)
FOLLOWED = woven(
    """
    SELECT tag_id, 'given', member_id, {NOTHING} FROM given
    UNION ALL {TAKEN}
""",
    NOTHING=NOTHING,
    TAKEN=TAKEN,
)
# What people said is forgotten; the rule decides again when it is next applied.
CLEAR = """
, given AS (
    UPDATE members_membertag held SET source = 'rule', author_id = NULL, expires_at = NULL
    FROM matched WHERE held.brand_id = %(brand)s AND held.tag_id = %(tag)s
        AND held.member_id = matched.member_id AND held.source <> 'rule'
    RETURNING new.tag_id, new.member_id, old.source, old.author_id, old.tagged_at, old.expires_at
), cleared AS (
    DELETE FROM members_tagblock block USING matched
    WHERE block.brand_id = %(brand)s AND block.tag_id = %(tag)s
        AND block.member_id = matched.member_id
    RETURNING block.tag_id, block.member_id
)
"""
# Without its rule, what the rule gave counts as given by hand, and nothing is kept from it.
FORGET_RULE = """
, given AS (
    UPDATE members_membertag held SET source = 'manual'
    WHERE held.brand_id = %(brand)s AND held.tag_id = %(tag)s AND held.source = 'rule'
    RETURNING new.tag_id, new.member_id, old.source, old.author_id, old.tagged_at, old.expires_at
), cleared AS (
    DELETE FROM members_tagblock block
    WHERE block.brand_id = %(brand)s AND block.tag_id = %(tag)s
    RETURNING block.tag_id, block.member_id
)
"""
EXPIRE = """
, taken AS (
    DELETE FROM members_membertag held
    WHERE held.brand_id = %(brand)s AND held.tag_id = ANY(%(tags)s) AND held.expires_at <= %(now)s
        AND (held.tag_id, held.member_id) IN (
            SELECT due.tag_id, due.member_id FROM members_membertag due
            WHERE due.brand_id = %(brand)s AND due.tag_id = ANY(%(tags)s)
                AND due.expires_at <= %(now)s
            ORDER BY due.expires_at LIMIT %(limit)s
        )
    RETURNING held.tag_id, held.member_id, held.source, held.author_id, held.tagged_at,
        held.expires_at
)
"""


def give(*, tag: Tag, matched: Sql, values: Mapping[str, Any]) -> dict[str, int]:
    """Give a tag by hand to whoever matched; ``expires`` among the values is when it ends."""
    replaces = tag.group.is_exclusive
    text = _full(tag) + (REPLACE if replaces else "") + GIVE + DELTAS + GIVEN
    return _carry_out(tag, matched, text + (REPLACED if replaces else ""), values)


def take(*, tag: Tag, matched: Sql, values: Mapping[str, Any]) -> dict[str, int]:
    """Take a tag by hand from whoever matched; where a rule gives it, it leaves them alone."""
    has_rule = TagRule.objects.filter(brand_id=tag.brand_id, tag_id=tag.pk).exists()
    text = TAKE + (BLOCK if has_rule else "") + DELTAS + TAKEN
    return _carry_out(tag, matched, text + (BLOCKED if has_rule else ""), values)


def follow_rule(
    *, tag: Tag, matched: Sql, span: tuple[int, int], values: Mapping[str, Any]
) -> dict[str, int]:
    """Give a tag to whoever matched, and take what a rule gave from the others of the span."""
    narrowed = ONE_OF_GROUP if tag.group.is_exclusive else ""
    text = _full(tag) + FOLLOW_RULE.replace("-- one of group", narrowed) + DELTAS + FOLLOWED
    more = {"low": span[0], "high": span[1]}
    return _carry_out(tag, matched, text, {**values, **more})


def clear(*, tag: Tag, member_ids: Sequence[int], values: Mapping[str, Any]) -> dict[str, int]:
    """Leave it to the rule again whether these members have the tag."""
    return _carry_out(tag, people(member_ids), CLEAR + DELTAS + GIVEN, values)


def forget_rule(*, tag: Tag, values: Mapping[str, Any]) -> None:
    """Let members keep what the tag's rule gave them; the act stands there also if it was nobody.

    The act is the rule's, by whoever deleted it, with the kind ``changed``, which applying a rule
    never leaves.
    """
    if _carry_out(tag, people([]), FORGET_RULE + DELTAS + GIVEN, values).get("changed"):
        return
    act, _is_new = TagAct.objects.get_or_create(
        pk=values["act"],
        defaults={
            "brand_id": tag.brand_id,
            "source": values["act_source"],
            "author_id": values["author"],
            "author_label": values["author_label"],
            "rule_version": values["rule_version"],
            "at": values["now"],
        },
    )
    TagChange.objects.create(
        brand_id=tag.brand_id,
        act=act,
        tag_id=tag.pk,
        tag_name=tag.name,
        kind=TagChange.Kind.CHANGED,
        people=0,
    )


def expire(*, tag_ids: Sequence[int], limit: int, values: Mapping[str, Any]) -> dict[str, int]:
    """Take away tags whose time is up."""
    more = {"tags": list(tag_ids), "limit": limit}
    text = EXPIRE + DELTAS + TAKEN
    return recording.carry_out(matched=people([]), changes=text, values={**values, **more})


def people(member_ids: Sequence[int]) -> Sql:
    """Return the SELECT of members who are known by number."""
    return Sql("SELECT unnest(%s::bigint[])", (list(member_ids),))


def limits_of(*, brand_id: int) -> TagLimits:
    """Return the brand's limits; the defaults where it has set none."""
    found = TagLimits.objects.filter(brand_id=brand_id).first()
    return found or TagLimits(brand_id=brand_id, version=TagLimits.DEFAULTS)


def _full(tag: Tag) -> str:
    """A member cannot have more tags than there are, so most brands never need to count."""
    most = limits_of(brand_id=tag.brand_id).per_member
    if tag.group.is_exclusive or Tag.objects.filter(brand_id=tag.brand_id).count() <= most:
        return NOBODY_FULL
    return FULL.replace("%(per_member)s", str(int(most)))


def _carry_out(tag: Tag, matched: Sql, text: str, values: Mapping[str, Any]) -> dict[str, int]:
    more = {"tag": tag.pk, "group": tag.group_id}
    return recording.carry_out(matched=matched, changes=text, values={**values, **more})
