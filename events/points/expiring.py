"""How points run out: the oldest gain is spent first, and what is left of it at its end goes.

The work is the rows: a gain with an end that nobody has looked at yet. Looking at it closes it,
whether anything was left or not, so that what a merge brings together later cannot make it run out
once more. Of gains that are still open so much has been spent as they sum up to more than the
balance: closed ones hold, after what ran out of them, exactly what was spent of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection

from core.kernel.access import SYSTEM
from core.kernel.faults import point
from events.points import posting

if TYPE_CHECKING:
    from datetime import datetime

DUE = """
    SELECT due.member_id FROM (
        SELECT member_id FROM events_pointsentry
        WHERE brand_id = %(brand)s AND expires_at <= %(now)s AND expires_at IS NOT NULL
            AND lapsed_at IS NULL AND state = 'confirmed'
        ORDER BY expires_at, id LIMIT %(limit)s
    ) AS due GROUP BY due.member_id
"""
RUN_OUT = """
    WITH gain AS (
        SELECT e.id, e.member_id, e.of_merged, e.occurred_at, e.expires_at, e.amount + coalesce((
            SELECT sum(back.amount) FROM events_pointsentry AS back
            WHERE back.brand_id = e.brand_id AND back.reverses_id = e.id
        ), 0) AS net
        FROM events_pointsentry AS e
        WHERE e.brand_id = %(brand)s AND e.member_id = ANY(%(members)s) AND e.ledger = 'points'
            AND e.state = 'confirmed' AND e.amount > 0 AND e.lapsed_at IS NULL
    ), queue AS (
        SELECT gain.*, sum(net) OVER (PARTITION BY member_id) AS whole,
            sum(net) OVER (PARTITION BY member_id ORDER BY occurred_at, id) - net AS earlier
        FROM gain
    ), ending AS (
        SELECT queue.id, queue.member_id, queue.of_merged,
            net - least(greatest(whole - held.balance - earlier, 0), net) AS rest
        FROM queue JOIN events_pointsbalance AS held ON held.brand_id = %(brand)s
            AND held.member_id = queue.member_id AND held.ledger = 'points'
        WHERE queue.expires_at <= %(now)s
    )
    INSERT INTO events_pointsentry (brand_id, member_id, ledger, kind, side, amount, state,
        settled_at, source, source_id, reason, occurred_at, reverses_id, of_merged,
        created_at, created_by_label)
    SELECT %(brand)s, member_id, 'points', 'expire', 'other', -rest, 'confirmed', %(now)s,
        'expiry', id::text, '', %(now)s, id, of_merged, %(now)s, %(by)s
    FROM ending WHERE rest > 0 ORDER BY ending.id
"""
CLOSE = """
    UPDATE events_pointsentry SET lapsed_at = %(now)s
    WHERE brand_id = %(brand)s AND member_id = ANY(%(members)s) AND expires_at <= %(now)s
        AND lapsed_at IS NULL AND state = 'confirmed'
"""


def lapse(*, brand_id: int, now: datetime, limit: int) -> int:
    """Let what is due run out for the members of ``limit`` gains; return how many were closed."""
    values: dict[str, Any] = {"brand": brand_id, "now": now, "limit": limit, "by": SYSTEM}
    with connection.cursor() as cursor:
        cursor.execute(DUE, values)
        due = [member for (member,) in cursor.fetchall()]
        if not due:
            return 0
        held = posting.hold(brand_id=brand_id, members=due)
        values["members"] = sorted({member for member, _ledger in held})
        cursor.execute(RUN_OUT, values)
        point("points.expired")
        cursor.execute(CLOSE, values)
        return int(cursor.rowcount)
