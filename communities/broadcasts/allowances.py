"""What marketing rooms get already and what their kinds allow, for planning and for sending."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection

from communities.broadcasts import rules
from communities.policies.selectors import current_policies as current_terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime


def lock_rooms_of(*, brand_id: int, room_ids: Iterable[int]) -> None:
    """Lock these rooms in the order of their ids, as ``lock_rooms`` does those of an audience."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM communities_room WHERE brand_id = %s AND id = ANY(%s)"
            " ORDER BY id FOR NO KEY UPDATE",
            [brand_id, sorted(set(room_ids))],
        )


def taken_times(
    *,
    brand_id: int,
    room_ids: Sequence[int],
    since: datetime,
    besides: int,
    missed_before: datetime | None = None,
) -> dict[int, list[datetime]]:
    """Return when each room gets marketing, from a month before ``since`` on.

    ``besides`` is the broadcast that asks; its own deliveries do not stand in its way. Nor do those
    that should have left before ``missed_before`` and did not: they get another time themselves.
    """
    if not room_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT room_id, array_agg(due_at ORDER BY due_at) FROM communities_delivery
            WHERE brand_id = %s AND room_id = ANY(%s) AND is_marketing
                AND state NOT IN ('failed', 'cancelled')
                AND due_at >= %s - interval '32 days' AND broadcast_id <> %s
                AND NOT (state IN ('due', 'claimed', 'held')
                    AND due_at < coalesce(%s, '-infinity'::timestamptz))
            GROUP BY room_id
            """,
            [brand_id, list(room_ids), since, besides, missed_before],
        )
        return dict(cursor.fetchall())


def current_policies(*, brand_id: int) -> dict[str, rules.MarketingPolicy]:
    """Return the policy in force of each kind."""
    return {
        kind: rules.MarketingPolicy(
            limit=row.marketing_limit,
            window=row.marketing_window,
            gap=timedelta(minutes=row.marketing_gap_minutes),
            quiet_from=row.quiet_from,
            quiet_until=row.quiet_until,
        )
        for kind, row in current_terms(brand_id=brand_id).items()
    }
