"""The rules as statements over many members at once; ``rules.next_move`` says what they mean.

A property test holds the two against each other. Every statement that moves writes the change's
row with it, and moves nobody who changed stage since it looked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection

from members.lifecycle.rules import ZONE_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from members.lifecycle.rules import Terms

# LATERAL: one look into an index per member, whatever the planner believes of the tables' sizes.
DUE = """
WITH facts AS MATERIALIZED (
    SELECT m.id AS member_id, m.stage, cars.first_delivery, bought.orders,
           greatest(
               m.created_at, m.last_active_at, bought.last_at,
               cars.last_delivery::timestamp AT TIME ZONE %(zone)s
           ) AS last_sign,
           coalesce(told.said_at, CASE WHEN m.is_stage_told THEN m.created_at END) AS said_at,
           coalesce(told.reasons[1] IN ('manual', 'import'), m.is_stage_told) AS is_held,
           told.before[1] AS stage_before
    FROM members_member AS m
    LEFT JOIN LATERAL (
        SELECT min(delivered_on) AS first_delivery, max(delivered_on) AS last_delivery
        FROM members_ownership
        WHERE brand_id = %(brand)s AND member_id = m.id
          AND delivered_on <= (%(now)s AT TIME ZONE %(zone)s)::date
    ) AS cars ON true
    LEFT JOIN LATERAL (
        SELECT count(*) AS orders, max(ordered_at) AS last_at FROM members_order
        WHERE brand_id = %(brand)s AND member_id = m.id AND ordered_at <= %(now)s
    ) AS bought ON true
    LEFT JOIN LATERAL (
        SELECT max(at) FILTER (WHERE reason IN ('manual', 'import')) AS said_at,
               array_agg(reason ORDER BY at DESC, id DESC) AS reasons,
               array_agg(from_stage ORDER BY at DESC, id DESC)
                   FILTER (WHERE from_stage NOT IN ('dormant', 'lost')) AS before
        FROM members_stagechange
        WHERE brand_id = %(brand)s AND member_id = m.id AND of_merged IS NULL
    ) AS told ON true
    WHERE m.brand_id = %(brand)s AND -- whom
), judged AS (
    SELECT *,
           (%(now)s AT TIME ZONE %(zone)s)::date
               - (greatest(last_sign, said_at) AT TIME ZONE %(zone)s)::date AS silent,
           (%(now)s AT TIME ZONE %(zone)s)::date - first_delivery AS owned
    FROM facts
), climbed AS (
    SELECT *,
           CASE WHEN owned IS NULL THEN 'prospect'
                WHEN owned <= %(introduction_days)s THEN 'introduction'
                WHEN owned >= %(mature_days)s AND orders >= %(mature_orders)s THEN 'mature'
                ELSE 'growth'
           END AS reached,
           ARRAY['prospect', 'introduction', 'growth', 'mature'] AS climb
    FROM judged
), aimed AS (
    SELECT member_id, stage AS from_stage,
           CASE WHEN silent >= %(lost_days)s THEN 'lost'
                WHEN silent >= %(dormant_days)s
                THEN CASE WHEN stage IN ('dormant', 'lost') THEN stage ELSE 'dormant' END
                WHEN is_held AND last_sign <= said_at THEN stage
                WHEN stage IN ('dormant', 'lost') THEN coalesce(stage_before, reached)
                WHEN array_position(climb, reached) > array_position(climb, stage::text)
                THEN reached ELSE stage
           END AS to_stage
    FROM climbed
), due AS (
    SELECT member_id, from_stage, to_stage,
           CASE WHEN to_stage = 'dormant' THEN 'dormant'
                WHEN to_stage = 'lost' THEN 'lost'
                WHEN from_stage IN ('dormant', 'lost') THEN 'back'
                WHEN to_stage = 'introduction' THEN 'delivered'
                WHEN to_stage = 'growth' THEN 'grown'
                WHEN to_stage = 'mature' THEN 'matured'
           END AS reason
    FROM aimed WHERE to_stage <> from_stage
)
"""
MOVE = """
, moved AS (
    UPDATE members_member AS m SET
        stage = due.to_stage, stage_since = (%(now)s AT TIME ZONE %(zone)s)::date,
        updated_at = %(now)s, version = m.version + 1
    FROM due
    WHERE m.brand_id = %(brand)s AND m.id = due.member_id AND m.stage = due.from_stage
    RETURNING m.id AS member_id, due.from_stage, due.to_stage, due.reason
), told AS (
    INSERT INTO members_stagechange (
        brand_id, member_id, from_stage, to_stage, reason, note, policy_version, at, author_label
    )
    SELECT %(brand)s, member_id, from_stage, to_stage, reason, '', %(version)s, %(now)s, ''
    FROM moved
)
SELECT from_stage, to_stage, count(*) FROM moved GROUP BY 1, 2 ORDER BY 1, 2
"""
COUNT = "SELECT from_stage, to_stage, count(*) FROM due GROUP BY 1, 2 ORDER BY 1, 2"
STRETCH = "m.id > %(after)s AND m.id <= %(until)s"
LISTED = "m.id = ANY(%(ids)s)"
EVERYBODY = "true"
# Evenly spread over the keys: members came one after the other, so this draws from every time.
SAMPLED = """m.id IN (
        SELECT drawn.id FROM unnest(%(starts)s::bigint[]) AS start
        CROSS JOIN LATERAL (
            SELECT id FROM members_member
            WHERE brand_id = %(brand)s AND id >= start ORDER BY id LIMIT %(each)s
        ) AS drawn
    )"""


@dataclass(frozen=True, slots=True)
class Whom:
    """Which members a statement looks at: a condition on ``m``, and its values."""

    condition: str
    values: dict[str, Any]

    @classmethod
    def stretch(cls, after: int, until: int) -> Whom:
        """Those with keys above one and up to the other."""
        return cls(STRETCH, {"after": after, "until": until})

    @classmethod
    def listed(cls, ids: Sequence[int]) -> Whom:
        """These."""
        return cls(LISTED, {"ids": list(ids)})

    @classmethod
    def everybody(cls) -> Whom:
        """The whole brand."""
        return cls(EVERYBODY, {})

    @classmethod
    def sampled(cls, starts: Sequence[int], each: int) -> Whom:
        """A few from each of several starts on."""
        return cls(SAMPLED, {"starts": list(starts), "each": each})


Counts = dict[tuple[str, str], int]


def move(*, brand_id: int, whom: Whom, terms: Terms, version: int, now: datetime) -> Counts:
    """Move everybody for whom a step is due, one step; return how many went from where to where."""
    return _run(MOVE, brand_id, whom, terms, now, version=version)


def count_due(*, brand_id: int, whom: Whom, terms: Terms, now: datetime) -> Counts:
    """Return how many ``move`` would move; writes nothing."""
    return _run(COUNT, brand_id, whom, terms, now)


def _run(
    ending: str, brand_id: int, whom: Whom, terms: Terms, now: datetime, **more: Any
) -> Counts:
    values = {"brand": brand_id, "now": now, "zone": ZONE_NAME, **terms.as_dict(), **whom.values}
    with connection.cursor() as cursor:
        cursor.execute(DUE.replace("-- whom", whom.condition) + ending, values | more)
        return {(start, end): number for start, end, number in cursor.fetchall()}
