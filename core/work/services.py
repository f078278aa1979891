"""due → claimed → sent | failed | unknown; held and cancelled in between.

Claim in one transaction, act with none open, settle in another: each of them one statement for a
whole batch. Times are the database's, so that workers with wrong clocks agree on a lease.
"""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from django.db import connection

from core.work.models import W, WorkRow

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import timedelta

    from django.db.models import Field

logger = logging.getLogger(__name__)

# A row that was claimed so often without a result probably kills its workers.
MAX_CLAIMS = 5
# From its third claim on it is claimed alone, so that it takes no other row down with it.
SUSPICIOUS = 3
SUSPECTS_SHARE = 0.25
INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of one claimed row.

    ``fence`` is the one the claim returned. ``values`` are further fields of the model; every
    settlement of a batch names the same ones.
    """

    id: int
    fence: int
    state: WorkRow.State
    error: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


# One statement, since every worker asks all the time. Row locks sit in CTEs of their own: these run
# once, while a nested loop might repeat a sub-select past its limit.
CLAIM = """
    WITH suspect AS MATERIALIZED (
        SELECT id FROM {table}
        WHERE brand_id = %(brand)s AND state = 'claimed' AND fence >= %(suspicious)s
            AND claimable_at <= statement_timestamp() AND %(suspects_turn)s
        ORDER BY claimable_at, id FOR UPDATE SKIP LOCKED LIMIT 1
    ), lapsed AS MATERIALIZED (
        SELECT id FROM {table}
        WHERE brand_id = %(brand)s AND state = 'claimed' AND fence < %(suspicious)s
            AND claimable_at <= statement_timestamp()
        ORDER BY claimable_at, id FOR UPDATE SKIP LOCKED
        LIMIT %(limit)s * (SELECT (count(*) = 0)::int FROM suspect)
    ), waiting AS MATERIALIZED (
        SELECT id FROM {table}
        WHERE brand_id = %(brand)s AND state = 'due' AND claimable_at <= statement_timestamp()
        ORDER BY claimable_at, id FOR UPDATE SKIP LOCKED
        LIMIT (SELECT %(limit)s - count(*) FROM lapsed) * (SELECT (count(*) = 0)::int FROM suspect)
    ), picked AS (
        SELECT id FROM suspect UNION ALL SELECT id FROM lapsed UNION ALL SELECT id FROM waiting
    )
    UPDATE {table} AS row SET
        fence = row.fence + 1,
        claimable_at = statement_timestamp() + %(lease)s,
        state = CASE WHEN row.fence >= %(most)s THEN 'unknown' ELSE 'claimed' END,
        error = CASE WHEN row.fence >= %(most)s THEN %(interrupted)s ELSE row.error END,
        settled_at = CASE WHEN row.fence >= %(most)s THEN statement_timestamp() END
    FROM picked WHERE row.brand_id = %(brand)s AND row.id = picked.id
    RETURNING row.*
"""


def claim(*, model: type[W], brand_id: int, lease: timedelta, limit: int) -> list[W]:
    """Take rows whose worker let the lease run out, then rows that are due, oldest first.

    Workers share the queue without waiting for each other. A row that was claimed ``SUSPICIOUS``
    times without a result is claimed alone, now and then and when nothing else is left; after
    ``MAX_CLAIMS`` it is parked as unknown: one that kills its workers cannot stop the rest.
    ``lease`` must outlast acting on ``limit`` rows. Call inside ``tenant``.
    """
    params = {
        "brand": brand_id,
        "limit": limit,
        "lease": lease,
        "most": MAX_CLAIMS,
        "suspicious": SUSPICIOUS,
        "interrupted": INTERRUPTED,
    }
    turn = _is_suspects_turn()
    sql = CLAIM.format(table=connection.ops.quote_name(model._meta.db_table))
    rows = list(model._default_manager.raw(sql, params | {"suspects_turn": turn}))
    if not rows and not turn:
        rows = list(model._default_manager.raw(sql, params | {"suspects_turn": True}))
    if parked := [row.pk for row in rows if row.state == WorkRow.State.UNKNOWN]:
        logger.error("%s parked after %s claims each: %s", model.__name__, MAX_CLAIMS, parked)
    claimed = [row for row in rows if row.state == WorkRow.State.CLAIMED]
    return sorted(claimed, key=lambda row: row.pk)


def _is_suspects_turn() -> bool:
    return random.random() < SUSPECTS_SHARE  # noqa: S311  any dice will do


def settle(
    *,
    model: type[W],
    brand_id: int,
    settlements: Sequence[Settlement],
    was: WorkRow.State = WorkRow.State.CLAIMED,
) -> set[int]:
    """Record what became of claimed rows; return the ids of those that were refused.

    A row is refused when it was claimed again since or is settled already: another worker's word
    counts, the late one changes nothing. Giving a state that is still open hands the row back.
    ``was`` names the state the rows must be in. Call inside ``tenant``.
    """
    if not settlements:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(*_settle_sql(model, brand_id, settlements, was))
        accepted = {row_id for (row_id,) in cursor.fetchall()}
    refused = {settlement.id for settlement in settlements} - accepted
    if refused:
        logger.warning("%s: %s late results refused", model.__name__, len(refused))
    return refused


def _settle_sql(
    model: type[W], brand_id: int, settlements: Sequence[Settlement], was: WorkRow.State
) -> tuple[str, list[Any]]:
    extra = [cast("Field[Any, Any]", model._meta.get_field(name)) for name in settlements[0].values]
    columns: dict[str, tuple[str, Collection[Any]]] = {
        "id": ("bigint", [one.id for one in settlements]),
        "fence": ("integer", [one.fence for one in settlements]),
        "state": ("text", [str(one.state) for one in settlements]),
        "error": ("text", [one.error[:200] for one in settlements]),
    }
    for item in extra:
        kind = str(item.db_type(connection))
        columns[str(item.column)] = (kind, [one.values[item.name] for one in settlements])
    quote = connection.ops.quote_name
    arrays = ", ".join(f"%s::{kind}[]" for kind, _ in columns.values())
    names = ", ".join(quote(name) for name in columns)
    changes = "".join(f", {quote(name)} = given.{quote(name)}" for name in list(columns)[4:])
    still_open = ", ".join(f"'{state}'" for state in WorkRow.OPEN_STATES)
    sql = f"""
        UPDATE {quote(model._meta.db_table)} AS row SET
            state = given.state, error = given.error,
            settled_at = CASE WHEN given.state IN ({still_open}) THEN NULL
                ELSE statement_timestamp() END{changes}
        FROM unnest({arrays}) AS given ({names})
        WHERE row.brand_id = %s AND row.id = given.id
            AND row.fence = given.fence AND row.state = %s
        RETURNING row.id
    """  # noqa: S608  only names and types of the model's own columns are put in
    return sql, [*(values for _, values in columns.values()), brand_id, str(was)]
