"""Orders of one chunk: matched to members, judged and written by statements over the chunk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection

from members.imports import merged, mixed_up, staging
from members.orders.services import learn_categories
from members.profiles import ports

if TYPE_CHECKING:
    from datetime import datetime

    from members.imports.preparing import Chunk
    from members.imports.staging import Outcome

COLUMNS = {
    "order_no": "varchar",
    "customer_no": "varchar",
    "phone_hash": "bytea",
    "ordered_at": "timestamptz",
    "amount_fen": "bigint",
    "quantity": "integer",
    "channel": "varchar",
    "category": "varchar",
}

PHONE = {"phone": "phone_of"}


@dataclass(frozen=True)
class Upsert:
    """One chunk on its way in; with ``is_dry_run`` everything is found out and nothing written.

    ``each`` says what is told of each row (``staging.each``), if anything.
    """

    brand_id: int
    now: datetime
    is_dry_run: bool
    each: str = ""

    def apply(self, chunk: Chunk) -> Outcome:
        """Bring the chunk's rows in; a blank never erases what is known."""
        values: dict[str, Any] = {"brand": self.brand_id}
        with connection.cursor() as cursor:
            staging.fill(cursor, COLUMNS, chunk)
            staging.without_big_joins(cursor)
            merged.follow(cursor, COLUMNS, values)
            staging.run(cursor, PLAN, values)
            outcome = staging.tally(cursor)
            if outcome.created and not self.is_dry_run:
                staging.run(cursor, INSERT, values)
            if outcome.updated and not self.is_dry_run:
                staging.run(cursor, UPDATE, values)
            if not self.is_dry_run:
                cursor.execute(CATEGORIES)
                learn_categories(brand_id=self.brand_id, names=[row[0] for row in cursor])
                mixed_up.tell(cursor, PHONE, brand_id=self.brand_id, now=self.now)
                touched = staging.touched(cursor)
                ports.facts_changed(brand_id=self.brand_id, member_ids=touched, now=self.now)
            if self.each:
                outcome.each = staging.each(cursor, self.each, values)
        return outcome


PLAN = """
CREATE TEMP TABLE import_plan ON COMMIT DROP AS
SELECT s.*, coalesce(by_no.id, by_phone.id) AS member_id, o.id AS order_id,
       coalesce(by_no.id, by_phone.id) AS found_id, by_phone.id AS phone_of,
       o.id IS NULL AS is_new,
       ''::varchar AS other,
       o.id IS NOT NULL AND (
           s.ordered_at, s.amount_fen, coalesce(s.quantity, o.quantity),
           coalesce(s.channel, o.channel), coalesce(s.category, o.category)
       ) IS DISTINCT FROM (
           o.ordered_at, o.amount_fen, o.quantity, o.channel, o.category
       ) AS is_changed,
       CASE
           WHEN by_no.id <> by_phone.id THEN 'member_unclear'
           WHEN coalesce(by_no.id, by_phone.id) IS NULL THEN 'member_unknown'
           WHEN o.member_id <> coalesce(by_no.id, by_phone.id) THEN 'order_of_other'
       END AS refusal
FROM import_stage AS s
LEFT JOIN LATERAL (
    SELECT id FROM members_member
    WHERE brand_id = %(brand)s AND customer_no = s.customer_no LIMIT 1
) AS by_no ON true
LEFT JOIN LATERAL (
    SELECT id FROM members_member
    WHERE brand_id = %(brand)s AND phone_hash = s.phone_hash LIMIT 1
) AS by_phone ON true
LEFT JOIN LATERAL (
    SELECT * FROM members_order WHERE brand_id = %(brand)s AND order_no = s.order_no LIMIT 1
) AS o ON true
"""
CATEGORIES = "SELECT DISTINCT category FROM import_plan WHERE refusal IS NULL AND category <> ''"
INSERT = """
INSERT INTO members_order
    (brand_id, order_no, member_id, ordered_at, amount_fen, quantity, channel, category)
SELECT %(brand)s, order_no, member_id, ordered_at, amount_fen, coalesce(quantity, 1),
       coalesce(channel, ''), coalesce(category, '')
FROM import_plan WHERE is_new AND refusal IS NULL
"""
UPDATE = """
UPDATE members_order AS o SET
    ordered_at = p.ordered_at,
    amount_fen = p.amount_fen,
    quantity = coalesce(p.quantity, o.quantity),
    channel = coalesce(p.channel, o.channel),
    category = coalesce(p.category, o.category)
FROM import_plan AS p
WHERE p.is_changed AND p.refusal IS NULL AND o.brand_id = %(brand)s AND o.id = p.order_id
"""
