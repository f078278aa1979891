"""How movements become entries: any number in a few statements, each row judged alone.

Whoever posts holds the members and then their balances, in order of their numbers, before it looks
at what is there: two who would spend the same points come one after the other. The sums themselves
are kept by the entries' own trigger, and the database refuses a balance below zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Q

from core.kernel.faults import point
from events.points.rules import CONTRIBUTION, EARN, MOST_ID, POINTS, SPEND, Wanted, same
from members.profiles import services as profiles
from members.profiles.models import Member, MergedMember

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from core.kernel.access import Viewer
    from events.points.rules import Row

ATTEMPTS = 3
SIDES = {EARN: "earned", SPEND: "spent"}
HOLD_MEMBERS = """
    SELECT id FROM members_member WHERE brand_id = %(brand)s AND id = ANY(%(members)s)
    ORDER BY id FOR KEY SHARE
"""
OPEN_BALANCES = """
    INSERT INTO events_pointsbalance (brand_id, member_id, ledger)
    SELECT %(brand)s, member, ledger
    FROM unnest(%(members)s::bigint[]) AS member, unnest(%(ledgers)s::text[]) AS ledger
    ORDER BY member, ledger ON CONFLICT DO NOTHING
"""
HOLD_BALANCES = """
    SELECT member_id, ledger, balance FROM events_pointsbalance
    WHERE brand_id = %(brand)s AND member_id = ANY(%(members)s)
    ORDER BY member_id, ledger FOR UPDATE
"""
RECORDED = """
    SELECT there.source, there.source_id, there.id, there.member_id, there.ledger,
        there.kind, there.amount, there.reason, there.occurred_at, there.expires_at,
        there.state = 'pending'
    FROM unnest(%(sources)s::text[], %(source_ids)s::text[]) AS asked (source, source_id)
    JOIN events_pointsentry AS there ON there.brand_id = %(brand)s
        AND there.source = asked.source AND there.source_id = asked.source_id
"""
# In order of the key, so that two calls that bring the same rows cannot wait for each other.
POST = """
    INSERT INTO events_pointsentry (brand_id, member_id, ledger, kind, side, amount, state,
        settled_at, source, source_id, reason, occurred_at, expires_at, reverses_id, of_merged,
        created_at, created_by_label)
    SELECT %(brand)s, row.member_id, row.ledger, row.kind, row.side, row.amount, row.state,
        CASE WHEN row.state <> 'pending' THEN %(now)s END, row.source, row.source_id, row.reason,
        coalesce(row.occurred_at, %(now)s), row.expires_at, row.reverses_id, row.of_merged,
        %(now)s, %(by)s
    FROM unnest(%(member_ids)s::bigint[], %(ledgers)s::text[], %(kinds)s::text[],
        %(sides)s::text[], %(amounts)s::bigint[], %(states)s::text[], %(sources)s::text[],
        %(source_ids)s::text[], %(reasons)s::text[], %(occurred)s::timestamptz[],
        %(expires)s::timestamptz[], %(reverses)s::bigint[], %(merged)s::bigint[])
        AS row (member_id, ledger, kind, side, amount, state, source, source_id, reason,
            occurred_at, expires_at, reverses_id, of_merged)
    ORDER BY row.source, row.source_id
    ON CONFLICT (brand_id, source, source_id) DO NOTHING
    RETURNING source, source_id, id
"""

Key = tuple[str, str]
Balances = dict[tuple[int, str], int]


class Movement(NamedTuple):
    """An entry to be written, column by column as ``POST`` takes them."""

    member_id: int
    ledger: str
    kind: str
    side: str
    amount: int
    state: str
    source: str
    source_id: str
    reason: str
    occurred_at: datetime | None = None
    expires_at: datetime | None = None
    reverses_id: int | None = None
    of_merged: int | None = None


COLUMNS = (
    *("member_ids", "ledgers", "kinds", "sides", "amounts", "states", "sources", "source_ids"),
    *("reasons", "occurred", "expires", "reverses", "merged"),
)


class Overtaken(Exception):
    """Somebody recorded one of the rows between our look and our write."""


def post_rows(*, rows: Sequence[Row], actor: Viewer, now: datetime) -> None:
    """Post the rows that nothing speaks against, and note at each what became of it.

    In the caller's transaction; the number of statements does not depend on that of rows.
    """
    good = _unlike(row for row in rows if not row.problems)
    _find_members(good, actor)
    good = [row for row in good if not row.problems]
    if not good:
        return
    members = {row.member_id for row in good if row.member_id is not None}
    balances = hold(brand_id=actor.brand_id, members=members)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                _judge_and_write(good, dict(balances), actor, now)
        except Overtaken:
            if attempt == ATTEMPTS:
                raise
            for row in good:
                row.problems.clear()
        else:
            _mark_active(good, actor, now)
            return


def _mark_active(rows: Iterable[Row], actor: Viewer, now: datetime) -> None:
    """Let earning and spending count as activity, once a day; an adjustment is the staff's."""
    met: dict[int, datetime] = {}
    for row in rows:
        wanted = _wanted(row)
        if row.outcome == "created" and row.member_id is not None and wanted.kind in SIDES:
            at = wanted.occurred_at or now
            met[row.member_id] = max(at, met.get(row.member_id, at))
    profiles.mark_active(brand_id=actor.brand_id, met=met, now=now, by_day=True)


def hold(*, brand_id: int, members: Collection[int]) -> Balances:
    """Hold members against merging and deletion, and their balances against other postings.

    Returns the balances of those who are there still, of both ledgers.
    """
    values: dict[str, Any] = {"brand": brand_id, "members": sorted(members)}
    with connection.cursor() as cursor:
        cursor.execute(HOLD_MEMBERS, values)
        values |= {"members": [pk for (pk,) in cursor.fetchall()]}
        cursor.execute(OPEN_BALANCES, values | {"ledgers": [CONTRIBUTION, POINTS]})
        cursor.execute(HOLD_BALANCES, values)
        return {(member, ledger): balance for member, ledger, balance in cursor.fetchall()}


def write(
    *, movements: Sequence[Movement], brand_id: int, by: str, now: datetime
) -> Mapping[Key, int]:
    """Write entries; return their numbers by source and number there.

    Raises:
        Overtaken: one of them is recorded already.
    """
    columns = dict(zip(COLUMNS, map(list, zip(*movements, strict=True)), strict=True))
    with connection.cursor() as cursor:
        cursor.execute(POST, columns | {"brand": brand_id, "now": now, "by": by[:120]})
        written = {(source, number): pk for source, number, pk in cursor.fetchall()}
    point("points.posted")
    if len(written) < len(movements):
        raise Overtaken
    return written


def _unlike(rows: Iterable[Row]) -> list[Row]:
    """Refuse the second of two rows of the same number; return the rest."""
    first: dict[Key, int] = {}
    kept = []
    for row in rows:
        wanted = _wanted(row)
        before = first.setdefault((wanted.source, wanted.source_id), row.number)
        if before != row.number:
            row.refuse("source_id", "duplicate", before)
        else:
            kept.append(row)
    return kept


def _find_members(rows: Sequence[Row], actor: Viewer) -> None:
    """Look everybody up at once; the number of somebody who was merged means who they are now."""
    ids = {row.member_id for row in rows if row.member_id and 0 < row.member_id <= MOST_ID}
    numbers = {row.customer_no for row in rows if row.customer_no}
    named = Q(pk__in=ids) | Q(customer_no__in=numbers)
    gone = MergedMember.objects.filter(named, brand_id=actor.brand_id)
    merged = list(gone.values_list("pk", "customer_no", "winner_id"))
    seen = Member.objects.visible_to(actor).filter(
        named | Q(pk__in=[winner for _pk, _number, winner in merged])
    )
    known = dict(seen.values_list("pk", "customer_no"))
    by_number = {number: winner for _pk, number, winner in merged if number}
    by_number |= {number: pk for pk, number in known.items() if number}
    winners = {pk: winner for pk, _number, winner in merged}
    for row in rows:
        asked = row.member_id
        meant = by_number.get(row.customer_no or "") if asked is None else winners.get(asked, asked)
        if meant in known:
            row.member_id = meant
        else:
            row.refuse("customer_no" if asked is None else "member", "member_unknown")


def _judge_and_write(rows: Sequence[Row], balances: Balances, actor: Viewer, now: datetime) -> None:
    recorded = _recorded(rows, actor.brand_id)
    fresh = [row for row in rows if not _is_there(row, recorded)]
    movements = []
    for row in fresh:
        movement = _movement(row)
        account = (movement.member_id, movement.ledger)
        if account not in balances:  # Deleted or merged away in this very moment.
            row.refuse("member", "member_unknown")
            continue
        left = balances[account]
        if movement.state == "confirmed":
            if left + movement.amount < 0:
                row.refuse("amount", "not_enough_points", left)
                continue
            balances[account] = left + movement.amount
        movements.append(movement)
    if not movements:
        return
    written = write(movements=movements, brand_id=actor.brand_id, by=actor.label, now=now)
    for row in fresh:
        if not row.problems:
            wanted = _wanted(row)
            row.outcome, row.id = "created", written[wanted.source, wanted.source_id]


def _recorded(rows: Sequence[Row], brand_id: int) -> Mapping[Key, tuple[Any, ...]]:
    names = [(_wanted(row).source, _wanted(row).source_id) for row in rows]
    values: dict[str, Any] = {
        "brand": brand_id,
        "sources": [source for source, _number in names],
        "source_ids": [number for _source, number in names],
    }
    with connection.cursor() as cursor:
        cursor.execute(RECORDED, values)
        return {(row[0], row[1]): row[2:] for row in cursor.fetchall()}


def _is_there(row: Row, recorded: Mapping[Key, tuple[Any, ...]]) -> bool:
    """Whether the row's number is taken: by the same movement, or by another, which refuses it."""
    wanted = _wanted(row)
    there = recorded.get((wanted.source, wanted.source_id))
    if there is None:
        return False
    pk, member_id, ledger, kind, amount, reason, occurred_at, expires_at, pending = there
    held = Wanted(ledger, kind, amount, "", "", reason, occurred_at, expires_at, pending)
    if row.member_id == member_id and same(wanted, held):
        row.outcome, row.id = "unchanged", pk
    else:
        row.refuse("source_id", "source_id_reused")
    return True


def _movement(row: Row) -> Movement:
    wanted = _wanted(row)
    return Movement(
        row.member_id or 0,
        wanted.ledger,
        wanted.kind,
        SIDES.get(wanted.kind, "other"),
        wanted.amount,
        "pending" if wanted.pending else "confirmed",
        wanted.source,
        wanted.source_id,
        wanted.reason,
        wanted.occurred_at,
        wanted.expires_at,
    )


def _wanted(row: Row) -> Wanted:
    if row.wanted is None:
        raise ValueError("Only rows that were read can be posted.")
    return row.wanted
