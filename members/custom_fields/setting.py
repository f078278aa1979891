"""The statement that sets values: the same ones for all members named, at once.

What a member has in the fields named and is not wanted goes, what is wanted and not there comes,
and whoever changed gets the next version, so that a form opened before cannot overwrite it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection

from members.custom_fields import rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from members.custom_fields.rules import Spec, Value

HOLD = """
SELECT FROM members_member held WHERE held.brand_id = %(brand)s AND held.id = ANY(%(members)s)
ORDER BY held.id FOR NO KEY UPDATE
"""
SET = """
WITH person AS (
    SELECT m.id AS member_id FROM members_member m
    WHERE m.brand_id = %(brand)s AND m.id = ANY(%(members)s)
), wanted AS (
    SELECT * FROM unnest(
        %(fields)s::bigint[], %(slots)s::bigint[], %(texts)s::text[], %(numbers)s::bigint[],
        %(days)s::date[], %(choices)s::bigint[]
    ) AS w (field_id, slot, text, number, day, choice_id)
), gone AS (
    DELETE FROM members_customvalue v USING person
    WHERE v.brand_id = %(brand)s AND v.member_id = person.member_id
      AND v.field_id = ANY(%(asked)s) AND NOT EXISTS (
        SELECT FROM wanted w WHERE w.field_id = v.field_id AND w.slot = v.slot
    )
    RETURNING v.member_id
), come AS (
    INSERT INTO members_customvalue AS v
        (brand_id, member_id, field_id, slot, text, number, day, choice_id)
    SELECT %(brand)s, person.member_id, w.field_id, w.slot, w.text, w.number, w.day, w.choice_id
    FROM person CROSS JOIN wanted w
    ON CONFLICT (brand_id, member_id, field_id, slot) DO UPDATE SET
        text = excluded.text, number = excluded.number, day = excluded.day,
        choice_id = excluded.choice_id
    WHERE (v.text, v.number, v.day, v.choice_id)
        IS DISTINCT FROM (excluded.text, excluded.number, excluded.day, excluded.choice_id)
    RETURNING v.member_id
)
UPDATE members_member m SET version = m.version + 1, updated_at = %(now)s
WHERE m.brand_id = %(brand)s
  AND m.id IN (SELECT member_id FROM gone UNION SELECT member_id FROM come)
"""


TURN_OVER = """
UPDATE members_member m SET version = m.version + 1, updated_at = %s
WHERE m.brand_id = %s AND m.id = ANY(%s)
"""


def hold(*, brand_id: int, member_ids: Sequence[int]) -> None:
    """Wait for other changes of these members, in an order in which nobody waits for ever."""
    with connection.cursor() as cursor:
        cursor.execute(HOLD, {"brand": brand_id, "members": sorted(member_ids)})


def write(
    *, brand_id: int, member_ids: Sequence[int], values: Mapping[Spec, Value], now: datetime
) -> int:
    """Set the values for every member named; return how many of them changed."""
    rows = [row for spec, value in values.items() for row in rules.rows_of(spec, value)]
    names = ("fields", "slots", "texts", "numbers", "days", "choices")
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _name in names]
    given: dict[str, Any] = {
        "brand": brand_id,
        "members": list(member_ids),
        "asked": [spec.pk for spec in values],
        "now": now,
        **dict(zip(names, columns, strict=True)),
    }
    with connection.cursor() as cursor:
        cursor.execute(SET, given)
        return int(cursor.rowcount)


def turn_over(brand_id: int, member_ids: Sequence[int], now: datetime) -> None:
    """Give members the next version, whose values changed in another way."""
    with connection.cursor() as cursor:
        cursor.execute(TURN_OVER, [now, brand_id, list(member_ids)])
