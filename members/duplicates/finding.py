"""The statements that find pairs, each over a bounded part of the brand's members.

Chinese names are short and common, so that likeness of letters tells little: a name counts when it
is the same letter by letter, without spaces and case, and a second fact agrees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection

from members.duplicates.rules import MOST_NAMESAKES, REASONS

if TYPE_CHECKING:
    from datetime import datetime

DEALERS_A_STEP = 100
NAME = "replace(lower({}.display_name), ' ', '')"

BY_IDENTITY = """
SELECT a.member_id, b.member_id
FROM members_identity AS a
JOIN members_identity AS b
  ON b.brand_id = a.brand_id AND b.kind > a.kind AND b.value = a.value
 AND b.member_id <> a.member_id
WHERE a.brand_id = %(brand)s
"""
BY_MERGED_PHONE = """
SELECT m.id, gone.winner_id
FROM members_mergedmember AS gone
JOIN members_member AS m ON m.brand_id = gone.brand_id AND m.phone_hash = gone.phone_hash
WHERE gone.brand_id = %(brand)s AND m.id <> gone.winner_id
"""
BY_VEHICLE = f"""
SELECT one.id, other.id
FROM members_ownership AS past
JOIN members_ownership AS held
  ON held.brand_id = past.brand_id AND held.vehicle_id = past.vehicle_id
 AND held.member_id <> past.member_id
JOIN members_member AS one ON one.brand_id = past.brand_id AND one.id = past.member_id
JOIN members_member AS other ON other.brand_id = held.brand_id AND other.id = held.member_id
WHERE past.brand_id = %(brand)s AND past.ended_on IS NOT NULL
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
    within="m.phone_tail >= %(low)s AND m.phone_tail < %(high)s AND m.phone_tail <> ''",
    name=NAME.format("m"),
    group="m.phone_tail",
    pair="TRUE",
)
BY_DEALER = _NAMESAKES.format(
    within="m.home_dealer_id > %(low)s AND m.home_dealer_id <= %(high)s",
    name=NAME.format("m"),
    group="m.home_dealer_id",
    pair="(one.bare OR other.bare)",
)
KEEP = """
INSERT INTO members_duplicatepair AS pair
    (brand_id, first_id, second_id, score, reasons, state, found_at, dismissed_by_label)
SELECT DISTINCT %(brand)s::bigint, least(a, b), greatest(a, b), %(score)s,
       jsonb_build_array(%(reason)s::text), 'open', %(as_of)s, ''
FROM (-- found
) AS found (a, b)
ON CONFLICT (brand_id, first_id, second_id) DO UPDATE SET
    reasons = CASE WHEN pair.found_at < excluded.found_at THEN excluded.reasons
                   ELSE pair.reasons || excluded.reasons END,
    score = CASE WHEN pair.found_at < excluded.found_at THEN excluded.score
                 ELSE greatest(pair.score, excluded.score) END,
    found_at = excluded.found_at
WHERE NOT (pair.found_at = excluded.found_at AND pair.reasons @> excluded.reasons)
"""
# What holds no more; what people said stays.
FORGET = """
DELETE FROM members_duplicatepair
WHERE brand_id = %(brand)s AND state = 'open' AND found_at < %(as_of)s
"""
# The tails of phones in ten parts, each behind an index.
TAILS = [(str(digit), str(digit + 1) if digit < 9 else ":") for digit in range(10)]
WHOLE = (("identity", BY_IDENTITY), ("merged_phone", BY_MERGED_PHONE), ("vehicle", BY_VEHICLE))


def find(*, brand_id: int, part: int, dealer: int, as_of: datetime) -> tuple[int, int, int | None]:
    """Do one part; return how many pairs it met, the next part, and the dealer reached.

    The next part is 0 at the end.
    """
    if part < len(WHOLE):
        reason, sql = WHOLE[part]
        return _keep(brand_id, reason, sql, {}, as_of), part + 1, None
    if part < len(WHOLE) + len(TAILS):
        low, high = TAILS[part - len(WHOLE)]
        met = _keep(brand_id, "name_tail", BY_TAIL, {"low": low, "high": high}, as_of)
        return met, part + 1, None
    last = _next_dealer(brand_id, dealer)
    if last is None:
        return 0, 0, None
    met = _keep(brand_id, "name_dealer", BY_DEALER, {"low": dealer, "high": last}, as_of)
    return met, part, last


def forget(*, brand_id: int, as_of: datetime) -> int:
    """Drop the open pairs that were not met again."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET, {"brand": brand_id, "as_of": as_of})
        return int(cursor.rowcount)


def _keep(brand_id: int, reason: str, sql: str, bounds: dict[str, Any], as_of: datetime) -> int:
    values: dict[str, Any] = {
        "brand": brand_id,
        "most": MOST_NAMESAKES,
        "score": REASONS[reason].score,
        "reason": reason,
        "as_of": as_of,
    }
    with connection.cursor() as cursor:
        cursor.execute(KEEP.replace("-- found", sql), values | bounds)
        return int(cursor.rowcount)


def _next_dealer(brand_id: int, after: int) -> int | None:
    """Return the last of the next hundred dealers."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(id) FROM (SELECT id FROM core_dealer WHERE brand_id = %s AND id > %s"
            " ORDER BY id LIMIT %s) AS next",
            [brand_id, after, DEALERS_A_STEP],
        )
        last: int | None = cursor.fetchone()[0]
        return last
