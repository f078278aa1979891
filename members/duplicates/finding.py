"""The statements that find pairs, each over a stretch of a few ten thousand rows.

Chinese names are short and common, so that likeness of letters tells little: a name counts when it
is the same letter by letter, without spaces and case, and a second fact agrees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection

from members.duplicates.rules import MOST_NAMESAKES, REASONS, TOLD
from members.identities.models import Identity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from members.profiles.ports import MixUp

STRETCH = 50_000
NAME = "replace(lower({}.display_name), ' ', '')"

# LATERAL with OFFSET: one look into an index per row, whatever the planner believes; a stretch of
# many would else be answered by a pass over the whole brand, again for every stretch.
BY_IDENTITY = """
SELECT a.member_id, b.member_id
FROM members_identity AS a
CROSS JOIN LATERAL (
    SELECT same.member_id FROM members_identity AS same
    WHERE same.brand_id = a.brand_id AND same.kind = ANY(%(kinds)s) AND same.kind > a.kind
      AND same.value = a.value AND same.member_id <> a.member_id
    OFFSET 0
) AS b
WHERE a.brand_id = %(brand)s AND a.member_id > %(after)s AND a.member_id <= %(upto)s
"""
BY_MERGED_PHONE = """
SELECT m.id, gone.winner_id
FROM members_mergedmember AS gone
JOIN members_member AS m ON m.brand_id = gone.brand_id AND m.phone_hash = gone.phone_hash
WHERE gone.brand_id = %(brand)s AND gone.winner_id > %(after)s AND gone.winner_id <= %(upto)s
  AND m.id <> gone.winner_id
"""
BY_VEHICLE = f"""
SELECT one.id, other.id
FROM members_ownership AS past
CROSS JOIN LATERAL (
    SELECT same.member_id FROM members_ownership AS same
    WHERE same.brand_id = past.brand_id AND same.vehicle_id = past.vehicle_id
      AND same.member_id <> past.member_id
    OFFSET 0
) AS held
JOIN members_member AS one ON one.brand_id = past.brand_id AND one.id = past.member_id
JOIN members_member AS other ON other.brand_id = past.brand_id AND other.id = held.member_id
WHERE past.brand_id = %(brand)s AND past.ended_on IS NOT NULL
  AND past.member_id > %(after)s AND past.member_id <= %(upto)s
  AND {NAME.format("one")} = {NAME.format("other")}
"""  # noqa: S608  only a constant is put in
# Everybody of one name within a group, where they are few.
_NAMESAKES = """
SELECT one.id, other.id FROM (
    SELECT array_agg(m.id) AS ids, array_agg(m.phone_tail = '') AS bare FROM members_member AS m
    WHERE m.brand_id = %(brand)s AND {within}
    GROUP BY {name}, {group} HAVING count(*) BETWEEN 2 AND %(most)s
) AS namesakes
CROSS JOIN LATERAL unnest(namesakes.ids, namesakes.bare) AS one (id, bare)
CROSS JOIN LATERAL unnest(namesakes.ids, namesakes.bare) AS other (id, bare)
WHERE one.id < other.id AND {pair}
"""
BY_TAIL = _NAMESAKES.format(
    within="m.phone_tail > %(after)s AND m.phone_tail <= %(upto)s AND m.phone_tail <> ''",
    name=NAME.format("m"),
    group="m.phone_tail",
    pair="TRUE",
)
BY_DEALER = _NAMESAKES.format(
    within="m.home_dealer_id > %(after)s AND m.home_dealer_id <= %(upto)s",
    name=NAME.format("m"),
    group="m.home_dealer_id",
    pair="(one.bare OR other.bare)",
)
# The end of the next stretch: whole members, whole tails, whole dealers. One dealer of a million
# members is one step; there is no smaller piece in which all their namesakes are.
_NEXT = """
SELECT max(at) FROM (
    SELECT {column} AS at FROM {table}
    WHERE brand_id = %(brand)s AND {column} > %(after)s{more} ORDER BY {column} LIMIT %(stretch)s
) AS ahead
"""


class Part(NamedTuple):
    """One reason, and how the brand is walked for it, from ``start`` on."""

    reason: str
    pairs: str
    following: str
    start: int | str = 0


MEMBERS = _NEXT.format(column="id", table="members_member", more="")
PARTS = (
    Part("identity", BY_IDENTITY, MEMBERS),
    Part(
        "merged_phone",
        BY_MERGED_PHONE,
        _NEXT.format(column="winner_id", table="members_mergedmember", more=""),
    ),
    Part("vehicle", BY_VEHICLE, MEMBERS),
    Part(
        "name_tail",
        BY_TAIL,
        _NEXT.format(column="phone_tail", table="members_member", more=" AND phone_tail <> ''"),
        "",
    ),
    Part(
        "name_dealer",
        BY_DEALER,
        _NEXT.format(column="home_dealer_id", table="members_member", more=""),
    ),
)
WALKED = [part.reason for part in PARTS]
KEEP = """
INSERT INTO members_duplicatepair AS pair
    (brand_id, first_id, second_id, score, reasons, state, found_at, dismissed_by_label)
SELECT DISTINCT %(brand)s::bigint, least(a, b), greatest(a, b), %(score)s,
       jsonb_build_array(%(reason)s::text), 'open', %(as_of)s, ''
FROM (-- found
) AS found (a, b)
ON CONFLICT (brand_id, first_id, second_id) DO UPDATE SET
    -- what a refusal told stays: no walk meets it again
    reasons = excluded.reasons || CASE
        WHEN pair.found_at < excluded.found_at THEN pair.reasons - %(walked)s::text[]
        ELSE pair.reasons - %(reason)s::text END,
    score = CASE WHEN pair.found_at < excluded.found_at AND NOT pair.reasons ?| %(told)s::text[]
                 THEN excluded.score ELSE greatest(pair.score, excluded.score) END,
    -- never back: of two walks at once the later one would take the pair for one not met again
    found_at = greatest(pair.found_at, excluded.found_at)
WHERE NOT (pair.found_at >= excluded.found_at AND pair.reasons @> excluded.reasons)
"""
# What holds no more; what people said stays, and what a refusal told until people judge it.
FORGET = """
DELETE FROM members_duplicatepair
WHERE brand_id = %(brand)s AND state = 'open' AND found_at < %(as_of)s
  AND NOT reasons ?| %(told)s::text[]
"""
FORGET_REASONS = """
UPDATE members_duplicatepair SET reasons = reasons - %(walked)s::text[]
WHERE brand_id = %(brand)s AND state = 'open' AND found_at < %(as_of)s
  AND reasons ?| %(told)s::text[] AND reasons ?| %(walked)s::text[]
"""
# Both members are held, so that neither goes before the pair is there.
TELL = """
INSERT INTO members_duplicatepair AS pair
    (brand_id, first_id, second_id, score, reasons, state, found_at, dismissed_by_label)
SELECT %(brand)s, met.a, met.b, met.score, met.reasons, 'open', %(now)s, ''
FROM (
    SELECT least(told.one, told.other) AS a, greatest(told.one, told.other) AS b,
           max(told.score) AS score, jsonb_agg(DISTINCT told.reason) AS reasons
    FROM unnest(%(ones)s::bigint[], %(others)s::bigint[], %(reasons)s::text[], %(scores)s::int[])
        AS told (one, other, reason, score)
    WHERE told.one <> told.other GROUP BY 1, 2
) AS met
JOIN members_member AS older ON older.brand_id = %(brand)s AND older.id = met.a
JOIN members_member AS newer ON newer.brand_id = %(brand)s AND newer.id = met.b
ORDER BY met.a, met.b
FOR KEY SHARE OF older, newer
ON CONFLICT (brand_id, first_id, second_id) DO UPDATE SET
    reasons = excluded.reasons || (
        pair.reasons - ARRAY(SELECT jsonb_array_elements_text(excluded.reasons))
    ),
    score = greatest(pair.score, excluded.score)
WHERE NOT pair.reasons @> excluded.reasons
"""


class Reached(NamedTuple):
    """How far the walk has come: a part, None at the end, and the last key it looked at."""

    part: int | None
    after: int | str


def find(*, brand_id: int, at: Reached, as_of: datetime) -> Reached:
    """Look through the next stretch and keep the pairs in it; return how far that went."""
    part = PARTS[at.part or 0]
    values: dict[str, Any] = {
        "brand": brand_id,
        "after": at.after,
        "stretch": STRETCH,
        "kinds": Identity.Kind.values,
        "most": MOST_NAMESAKES,
        "score": REASONS[part.reason].score,
        "reason": part.reason,
        "as_of": as_of,
        "told": list(TOLD),
        "walked": WALKED,
    }
    with connection.cursor() as cursor:
        cursor.execute(part.following, values)
        (values["upto"],) = cursor.fetchone()
        if values["upto"] is None:
            following = (at.part or 0) + 1
            return beginning(following) if following < len(PARTS) else Reached(None, 0)
        cursor.execute(KEEP.replace("-- found", part.pairs), values)
    return Reached(at.part, values["upto"])


def steps_for(*, members: int) -> int:
    """Return about how many steps the whole walk takes: one more a part finds its end."""
    return len(PARTS) * (1 + -(-members // STRETCH))


def beginning(part: int = 0) -> Reached:
    """Return where the walk for a reason begins."""
    return Reached(part, PARTS[part].start)


def forget(*, brand_id: int, as_of: datetime) -> int:
    """Drop the open pairs that were not met again."""
    values: dict[str, Any] = {
        "brand": brand_id,
        "as_of": as_of,
        "told": list(TOLD),
        "walked": WALKED,
    }
    with connection.cursor() as cursor:
        cursor.execute(FORGET_REASONS, values)
        cursor.execute(FORGET, values)
        return int(cursor.rowcount)


def keep_told(*, mix_ups: Sequence[MixUp], brand_id: int, now: datetime) -> None:
    """Keep the pairs that refusals told of; a pair that people dismissed stays dismissed."""
    values: dict[str, Any] = {
        "brand": brand_id,
        "now": now,
        "ones": [mix_up.member_id for mix_up in mix_ups],
        "others": [mix_up.owner_id for mix_up in mix_ups],
        "reasons": [mix_up.by for mix_up in mix_ups],
        "scores": [REASONS[mix_up.by].score for mix_up in mix_ups],
    }
    with connection.cursor() as cursor:
        cursor.execute(TELL, values)
