"""What a share of a demonstration brand's members earned and spent, at most some 60,000 rows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.timezone import localdate

from core.kernel.scoping import tenant
from events.points import services

if TYPE_CHECKING:
    from datetime import datetime

MOST_PEOPLE = 12_000
# How long ago the first of all movements may have happened: who came later has none.
FIRST = timedelta(days=352)
# Nobody spends more than the least that they earned. "days" is how long ago it happened.
MOVE = """
WITH share AS (
    SELECT greatest(count(*) / %(most)s, 1) AS step FROM members_member
    WHERE brand_id = %(brand)s AND joined_on < %(known)s
), chosen AS (
    SELECT m.id FROM members_member AS m, share
    WHERE m.brand_id = %(brand)s AND m.joined_on < %(known)s AND m.id %% share.step = 0
    ORDER BY m.id LIMIT %(most)s
), moved (member_id, ledger, kind, side, amount, source, reason, days, keeps) AS (
    SELECT id, 'points', 'earn', 'earned', 60 + id %% 9 * 20, 'sign_up', '完善资料',
           200 + id %% 150, CASE WHEN id %% 1500 = 149 THEN 346 ELSE 730 END
    FROM chosen
    UNION ALL
    SELECT id, 'points', 'earn', 'earned', 30 + id * 7 %% 300, 'shop', '商城消费', 20 + id %% 160,
           730
    FROM chosen WHERE id %% 4 <> 1
    UNION ALL
    SELECT id, 'points', 'spend', 'spent', -(20 + id %% 40), 'shop', '兑换保养券', 2 + id %% 18,
           NULL
    FROM chosen WHERE id %% 3 <> 0
    UNION ALL
    SELECT id, 'contribution', 'earn', 'earned', 20 + id * 13 %% 1200, 'community', '社群贡献',
           1 + id %% 90, NULL
    FROM chosen WHERE id %% 2 = 0
    UNION ALL
    SELECT id, 'points', 'earn', 'earned', 50, 'event', '活动签到', 0, NULL
    FROM chosen WHERE id %% 40 = 0
)
INSERT INTO events_pointsentry
    (brand_id, member_id, ledger, kind, side, amount, state, settled_at, source, source_id, reason,
     occurred_at, expires_at, created_at, created_by_label)
SELECT %(brand)s, member_id, ledger, kind, side, amount, state,
       CASE WHEN state = 'confirmed' THEN at END, source, 'demo-' || member_id || '-' || kind,
       reason, at, at + keeps * interval '1 day', at, '演示数据'
FROM (
    SELECT moved.*, CASE source WHEN 'event' THEN 'pending' ELSE 'confirmed' END AS state,
           %(now)s - days * interval '1 day' - member_id %% 600 * interval '1 minute' AS at
    FROM moved
) AS dated
ORDER BY at, member_id
"""


def move(*, brand_id: int, now: datetime) -> None:
    """Write the movements in one statement; the balances follow, and what is over runs out."""
    values: dict[str, Any] = {
        "brand": brand_id,
        "now": now,
        "known": localdate(now) - FIRST,
        "most": MOST_PEOPLE,
    }
    with tenant(brand_id), connection.cursor() as cursor:
        cursor.execute(MOVE, values)
    while True:
        with tenant(brand_id):
            if not services.expire_due(brand_id=brand_id, now=now):
                break
