"""How lately, how often and for how much members bought: recency, frequency and money.

One statement for any number of members, out of the index of orders by member alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.timezone import get_default_timezone_name

if TYPE_CHECKING:
    from collections.abc import Sequence

REPEAT = 2  # orders that make a buyer a repeat buyer
MEASURE = """
SELECT bought.member_id,
    (%(now)s AT TIME ZONE %(zone)s)::date - (max(bought.ordered_at) AT TIME ZONE %(zone)s)::date,
    count(*), sum(bought.amount_fen)::bigint, min(bought.ordered_at), max(bought.ordered_at)
FROM members_order bought
WHERE bought.brand_id = %(brand)s AND bought.member_id = ANY(%(members)s)
    AND bought.ordered_at <= %(now)s
GROUP BY bought.member_id
"""


@dataclass(frozen=True, slots=True)
class Rfm:
    """What somebody bought up to a moment. Without an order there is no recency."""

    recency_days: int | None = None
    frequency: int = 0
    money_fen: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None

    @property
    def is_repeat(self) -> bool:
        """Whether they came back: at least two orders."""
        return self.frequency >= REPEAT

    @property
    def average_fen(self) -> int | None:
        """The average order, rounded to a fen."""
        return round(self.money_fen / self.frequency) if self.frequency else None


def rfm_of(*, brand_id: int, member_ids: Sequence[int], now: datetime) -> dict[int, Rfm]:
    """Return the figures of each of these members as of ``now``; days are those of the brands.

    Orders that lie ahead do not count yet. Runs inside the brand's tenant.
    """
    values: dict[str, Any] = {
        "brand": brand_id,
        "members": list(member_ids),
        "now": now.astimezone(UTC),
        "zone": get_default_timezone_name(),
    }
    found = dict.fromkeys(member_ids, Rfm())
    with connection.cursor() as cursor:
        cursor.execute(MEASURE, values)
        found |= {row[0]: Rfm(*row[1:]) for row in cursor.fetchall()}
    return found
