"""What must hold of points."""

from __future__ import annotations

from core.kernel.invariants import Invariant

INVARIANTS = (
    Invariant(
        "points: every balance is the sum of its entries",
        """
        SELECT coalesce(held.member_id, told.member_id), coalesce(held.ledger, told.ledger),
            held.balance, told.balance
        FROM (
            SELECT * FROM events_pointsbalance WHERE brand_id = %(brand_id)s
        ) AS held
        FULL JOIN (
            SELECT member_id, ledger,
                coalesce(sum(amount) FILTER (WHERE state = 'confirmed'), 0) AS balance,
                coalesce(sum(amount) FILTER (WHERE state = 'pending'), 0) AS pending,
                coalesce(sum(amount) FILTER (WHERE state = 'confirmed' AND side = 'earned'), 0)
                    AS earned,
                -coalesce(sum(amount) FILTER (WHERE state = 'confirmed' AND side = 'spent'), 0)
                    AS spent,
                -coalesce(sum(amount) FILTER (WHERE kind = 'expire'), 0) AS expired
            FROM events_pointsentry WHERE brand_id = %(brand_id)s GROUP BY member_id, ledger
        ) AS told ON told.member_id = held.member_id AND told.ledger = held.ledger
        WHERE (coalesce(held.balance, 0), coalesce(held.pending, 0), coalesce(held.earned, 0),
            coalesce(held.spent, 0), coalesce(held.expired, 0))
            IS DISTINCT FROM (coalesce(told.balance, 0), coalesce(told.pending, 0),
            coalesce(told.earned, 0), coalesce(told.spent, 0), coalesce(told.expired, 0))
        """,
    ),
    Invariant(
        "points: nobody has less than nothing",
        """
        SELECT member_id, ledger, balance FROM events_pointsbalance
        WHERE brand_id = %(brand_id)s AND (balance < 0 OR pending < 0)
        """,
    ),
    Invariant(
        "points: nothing takes back more than there was",
        """
        SELECT entry.id, entry.amount, back.amount FROM (
            SELECT reverses_id, sum(amount) AS amount FROM events_pointsentry
            WHERE brand_id = %(brand_id)s AND reverses_id IS NOT NULL GROUP BY reverses_id
        ) AS back
        JOIN events_pointsentry AS entry
            ON entry.brand_id = %(brand_id)s AND entry.id = back.reverses_id
        WHERE sign(back.amount) = sign(entry.amount) OR abs(back.amount) > abs(entry.amount)
            OR entry.state <> 'confirmed'
        """,
    ),
    Invariant(
        "points: contribution is never spent",
        """
        SELECT id FROM events_pointsentry WHERE brand_id = %(brand_id)s
            AND ledger = 'contribution' AND (kind IN ('spend', 'expire') OR side = 'spent')
        """,
    ),
    Invariant(
        "points: nothing stays a day past its end",
        """
        SELECT id, expires_at FROM events_pointsentry WHERE brand_id = %(brand_id)s
            AND expires_at < now() - interval '1 day' AND lapsed_at IS NULL
            AND state = 'confirmed' AND created_at < now() - interval '1 day'
        """,
    ),
)
