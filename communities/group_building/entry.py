"""Who of a run's people lacks the orders that the kind asks for: looked up for all of them at once.

Only for kinds with such a rule, and only for those who meet everything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from communities.policies.selectors import entry_window

if TYPE_CHECKING:
    from datetime import datetime

    from communities.group_building.rules import Plan


class _Stage(NamedTuple):
    """A temporary table of people, who of them meets everything else, and the mark of the others.

    The texts are ours; nothing of a rule goes into them.
    """

    table: str
    fits: str
    mark: str


PLANNING = _Stage("build_intake", "slot = 0", "slot = -4")
APPLYING = _Stage("build_queue", "exclusion = ''", "exclusion = 'no_entry'")
# The candidates go down as an array: one walk along the index of orders by member. As sets, since
# a join could be planned as a loop that adds up once per candidate.
_SHORT = """
    SELECT member_id FROM {table} WHERE {fits}
    EXCEPT
    SELECT bought.member_id FROM members_order AS bought
    WHERE bought.brand_id = %(brand)s
        AND bought.member_id = ANY(ARRAY(SELECT member_id FROM {table} WHERE {fits}))
        AND bought.ordered_at >= %(since)s AND bought.ordered_at < %(until)s
    GROUP BY bought.member_id HAVING count(*) >= %(orders)s
"""
_MARK = """
    UPDATE {table} AS looked_at SET {mark} FROM ({short}) AS short
    WHERE looked_at.member_id = short.member_id
"""
_COUNT = "SELECT count(*) FROM ({short}) AS short"


def leave_out(cursor: Any, *, stage: _Stage, plan: Plan, brand_id: int, now: datetime) -> int:
    """Mark whoever has too few orders as left out, or only count them where the rule promotes.

    Returns how many the rule promotes. Asks nothing where the kind does not look at orders.
    """
    if not plan.looks_at_orders:
        return 0
    since, until = entry_window(brand_id=brand_id, days=plan.entry_days, now=now)
    params = {"brand": brand_id, "since": since, "until": until, "orders": plan.entry_orders}
    short = _SHORT.format(table=stage.table, fits=stage.fits)
    if plan.promotes:
        cursor.execute(_COUNT.format(short=short), params)
        return int(cursor.fetchone()[0])
    cursor.execute(f"ANALYZE {stage.table}")
    cursor.execute(_MARK.format(table=stage.table, mark=stage.mark, short=short), params)
    return 0
