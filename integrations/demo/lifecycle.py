"""How a demonstration brand's members came into their stages: half a year of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.timezone import localdate

from integrations.demo import loader

if TYPE_CHECKING:
    from datetime import datetime

DAYS = 200  # as far back as the longest window that the board shows

# Everybody came where they are by the rules as delivered. Before falling silent, each was as far
# as the car's age says; "at" is three in the morning, when the nightly run works, or the evening
# of the day on which the car was delivered.
TELL = """
WITH settled AS (
    SELECT m.id, m.stage, m.stage_since AS since, car.delivered,
           CASE WHEN car.delivered IS NULL THEN 'prospect'
                WHEN m.stage_since - car.delivered <= 180 THEN 'introduction'
                WHEN m.stage_since - car.delivered <= 820 THEN 'growth'
                ELSE 'mature'
           END AS awake
    FROM members_member AS m
    LEFT JOIN (
        SELECT member_id, min(delivered_on) AS delivered FROM members_ownership
        WHERE brand_id = %(brand)s GROUP BY member_id
    ) AS car ON car.member_id = m.id
    WHERE m.brand_id = %(brand)s AND m.stage <> 'prospect' AND m.stage_since > %(today)s - %(days)s
), steps (member_id, from_stage, to_stage, reason, day) AS (
    SELECT id, 'prospect', 'introduction', 'delivered', delivered
    FROM settled WHERE stage IN ('introduction', 'growth')
    UNION ALL
    SELECT id, 'introduction', 'growth', 'grown', since FROM settled WHERE stage = 'growth'
    UNION ALL
    SELECT id, 'growth', 'mature', 'matured', since FROM settled WHERE stage = 'mature'
    UNION ALL
    SELECT id, awake, 'dormant', 'dormant', CASE stage WHEN 'lost' THEN since - 90 ELSE since END
    FROM settled WHERE stage IN ('dormant', 'lost')
    UNION ALL
    SELECT id, 'dormant', 'lost', 'lost', since FROM settled WHERE stage = 'lost'
)
INSERT INTO members_stagechange
    (brand_id, member_id, from_stage, to_stage, reason, note, policy_version, at, author_label)
SELECT %(brand)s, member_id, from_stage, to_stage, reason, '', 0,
       least(
           (day + CASE reason WHEN 'delivered' THEN time '18:00' ELSE time '03:00' END)
               AT TIME ZONE 'Asia/Shanghai',
           %(now)s
       ), ''
FROM steps ORDER BY day, member_id
"""
# Some of those who are active were silent for a while; one in a few hundred was moved by hand.
COME_BACK = """
WITH back AS (
    UPDATE members_member SET stage_since = %(today)s - (id %% 60)::int - 2
    WHERE brand_id = %(brand)s AND id %% 19 = 0 AND stage IN ('prospect', 'growth', 'mature')
      AND stage_since <= %(today)s - %(days)s
    RETURNING id, stage, stage_since
), steps AS (
    SELECT id, stage AS from_stage, 'dormant' AS to_stage, 'dormant' AS reason, '' AS note,
           stage_since - 12 - (id %% 70)::int AS day
    FROM back
    UNION ALL
    SELECT id, 'dormant', stage, CASE WHEN id %% 323 = 0 THEN 'manual' ELSE 'back' END,
           CASE WHEN id %% 323 = 0 THEN '到店保养，已恢复联系' ELSE '' END, stage_since
    FROM back
)
INSERT INTO members_stagechange
    (brand_id, member_id, from_stage, to_stage, reason, note, policy_version, at, author_label)
SELECT %(brand)s, id, from_stage, to_stage, reason, note, 0,
       (day + time '03:00') AT TIME ZONE 'Asia/Shanghai',
       CASE reason WHEN 'manual' THEN '演示数据' ELSE '' END
FROM steps ORDER BY day, id
"""


def tell(*, brand_id: int, now: datetime) -> None:
    """Write the changes while the tables are open; two statements, however many members."""
    values: dict[str, Any] = {"brand": brand_id, "today": localdate(now), "now": now, "days": DAYS}
    loader.execute(TELL, values)
    loader.execute(COME_BACK, values)
