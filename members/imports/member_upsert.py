"""Members of one chunk: matched, judged and written by statements over the whole chunk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection

from core.kernel import crypto
from members.erasure.rules import Kind
from members.imports import member_children, merged, mixed_up, one_row_each, staging
from members.imports.staging import Outcome
from members.profiles import ports
from members.tags import services as tag_services

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.custom_fields.rules import Spec
    from members.erasure.rules import Traces
    from members.imports.options import Options
    from members.imports.preparing import Chunk

COLUMNS = {
    "customer_no": "varchar",
    "display_name": "varchar",
    "phone_cipher": "bytea",
    "phone_hash": "bytea",
    "phone_masked": "varchar",
    "phone_tail": "varchar",
    "gender": "varchar",
    "city_id": "varchar",
    "home_dealer_id": "bigint",
    "stage": "varchar",
    "joined_on": "date",
    "last_active_at": "timestamptz",
    "app_user": "varchar",
    "unionid": "varchar",
    "vin_cipher": "bytea",
    "vin_hash": "bytea",
    "vin_tail": "varchar",
    "model_id": "bigint",
    "delivered_on": "date",
    "consent": "boolean",
}


# Rows of a chunk that take a phone which an earlier one gives up wait for it, so that a file means
# the same wherever its chunks end. A column of phones out of place could hand them on from row to
# row without end; whoever waited so often finds the phone taken.
MAX_TURNS = 6


class Going(NamedTuple):
    """By what people may be known in a file who are being deleted."""

    numbers: list[str]
    phones: list[bytes]


def keys_of(traces: Traces, *, brand_id: int) -> Going | None:
    """Return the keys among the traces of people, if there are any people."""
    numbers = sorted({trace.text for trace in traces.items if trace.kind == Kind.NUMBER})
    if not numbers:
        return None
    hashes = crypto.lookup_hashes(brand_id=brand_id, kind="phone", values=numbers)
    return Going(numbers, list(hashes))


@dataclass(frozen=True)
class Upsert:
    """One chunk on its way in.

    ``city`` and ``dealer`` stand in where neither the row nor the member has one. With
    ``is_dry_run`` everything is found out and nothing written. ``only_known`` refuses rows of
    members whom nobody knows; ``versions`` are those at which rows were read; ``needed`` are fields
    of the brand's own that somebody new must bring; ``going`` are the keys of people whose rows
    were deleted, but the file not yet: they stay out; ``each`` says what is told of each row
    (``staging.each``), if anything.
    """

    brand_id: int
    options: Options
    mapping: dict[str, str]
    city: str | None
    dealer: int | None
    now: datetime
    introduction_days: int
    actor: Viewer
    run_id: int | None
    is_dry_run: bool
    tag_values: dict[str, Any] = field(default_factory=dict)
    only_known: bool = False
    versions: Mapping[int, int] = field(default_factory=dict)
    needed: Sequence[Spec] = ()
    going: Going | None = None
    each: str = ""

    def apply(self, chunk: Chunk) -> Outcome:
        """Bring the chunk's rows in; a blank never erases what is known."""
        values, total = self.values(), Outcome()
        with connection.cursor() as cursor:
            staging.fill(cursor, COLUMNS, chunk)
            staging.without_big_joins(cursor)
            if "last_active_at" in self.mapping:
                staging.run(cursor, NOT_AHEAD, values)
            has_merged = merged.follow(cursor, COLUMNS, values)
            for turn in range(MAX_TURNS):
                self._plan(cursor, values)
                later: list[int] = []
                if chunk.met is not None:
                    may_wait = not self.is_dry_run and turn < MAX_TURNS - 1
                    later = one_row_each.settle(cursor, chunk.met, may_wait=may_wait)
                if has_merged and not self.only_known:
                    # A file's second row; in a batch of cars a member may have several.
                    merged.refuse_second(cursor, values)
                if self.versions:
                    self._refuse_stale(cursor, values)
                member_children.plan(cursor, self, chunk, values)
                outcome = staging.tally(cursor)
                if not self.is_dry_run:
                    mixed_up.tell(cursor, self._owners(), brand_id=self.brand_id, now=self.now)
                    self._write(cursor, outcome, values)
                if self.each:
                    outcome.each = staging.each(cursor, self.each, values)
                total.add(outcome)
                if not later:
                    break
                staging.keep(cursor, later)
        return total

    def hold_tags(self, tag_ids: set[int]) -> None:
        """Let nobody else give or take these tags until the chunk is in."""
        self.tag_values.update(
            tag_services.import_values(
                brand_id=self.brand_id,
                tag_ids=tag_ids,
                actor=self.actor,
                now=self.now,
                run_id=self.run_id,
            )
        )

    def values(self) -> dict[str, Any]:
        """Return what the statements refer to."""
        return {
            "brand": self.brand_id,
            "city": self.city,
            "dealer": self.dealer,
            "now": self.now,
            "introduction": self.introduction_days,
            "author": self.actor.staff_id,
            "dry": self.is_dry_run,
            "purposes": list(member_children.purposes(self)),
            "versions": member_children.versions(self),
            "evidence": self.options.consent_evidence or "import",
            "domestic": self.options.is_domestic,
        }

    def _owners(self) -> dict[str, str]:
        """Return what a row brings that others may have, and where the plan says who does."""
        brought = [name for name in ("app_user", "unionid", "vin") if name in self.mapping]
        return {name: f"{name}_of" for name in ("phone", *brought)}

    def _plan(self, cursor: Any, values: dict[str, Any]) -> None:
        joins, refusals = [], [REFUSE_UNKNOWN] if self.only_known else []
        owners = ["by_phone.id AS phone_of"]
        for name in ("app_user", "unionid"):
            if name in self.mapping:
                joins.append(JOIN_IDENTITY % {"name": name, "kind": name})
                refusals.append(REFUSE_IDENTITY % {"name": name})
                owners.append(f"by_{name}.member_id AS {name}_of")
        if "vin" in self.mapping:
            joins.append(JOIN_VEHICLE)
            refusals.append(REFUSE_VEHICLE)
            owners.append("owner.member_id AS vin_of")
        sql = PLAN.replace("-- joins", "".join(joins)).replace("-- refusals", "".join(refusals))
        sql = sql.replace("-- owners", ", ".join(owners) + ",")
        staging.run(cursor, sql, values)
        if self.going is not None:
            staging.run(cursor, REFUSE_GOING, self.going._asdict())

    def _refuse_stale(self, cursor: Any, values: dict[str, Any]) -> None:
        """Hold the members whose version is given, and refuse where it is not theirs any more."""
        asked = {"rows": list(self.versions), "versions": list(self.versions.values())}
        for sql in (HOLD_VERSIONED, REFUSE_STALE):
            staging.run(cursor, sql, values | asked)

    def _write(self, cursor: Any, outcome: Outcome, values: dict[str, Any]) -> None:
        if outcome.created:
            staging.run(cursor, INSERT, values)
        if outcome.updated:
            staging.run(cursor, UPDATE, values)
        member_children.write(cursor, self, values)
        self._tell(cursor)

    def _tell(self, cursor: Any) -> None:
        """Say which stages the file set, and to whom something has happened that moves them."""
        if "stage" in self.mapping:
            cursor.execute(STAGES_SAID)
            said = [ports.StageSaid(*row) for row in cursor.fetchall()]
            ports.stages_said(said=said, reason="import", actor=self.actor, now=self.now)
        if {"delivered_on", "last_active_at"} & self.mapping.keys():
            touched = staging.touched(cursor, known_alone=True)
            ports.facts_changed(brand_id=self.brand_id, member_ids=touched, now=self.now)


# A day that has come is taken; the hour of a sender's clock that runs ahead is not.
NOT_AHEAD = "UPDATE import_stage SET last_active_at = %(now)s WHERE last_active_at > %(now)s"
REFUSE_GOING = """
UPDATE import_plan SET refusal = 'deleted' WHERE is_new AND refusal IS NULL AND (
    customer_no = ANY(%(numbers)s) OR app_user = ANY(%(numbers)s) OR unionid = ANY(%(numbers)s)
    OR phone_hash = ANY(%(phones)s)
)
"""
# LATERAL with LIMIT: one look into a unique index per row, whatever the planner believes.
# A row means a member by customer number, else by phone. The phone of somebody who has another
# customer number is taken; that of somebody without one is how we recognize them.
PLAN = """
CREATE TEMP TABLE import_plan ON COMMIT DROP AS
SELECT matched.*,
       m.customer_no AS known_no,
       m.phone_hash AS known_phone,
       m.stage AS known_stage,
       m.id IS NULL AS is_new,
       m.id IS NOT NULL AND (
           coalesce(matched.customer_no, m.customer_no),
           coalesce(matched.display_name, m.display_name),
           coalesce(matched.phone_hash, m.phone_hash),
           coalesce(matched.gender, m.gender),
           coalesce(matched.city_id, m.city_id, %(city)s),
           coalesce(matched.home_dealer_id, m.home_dealer_id, %(dealer)s),
           coalesce(matched.stage, m.stage),
           coalesce(matched.joined_on, m.joined_on),
           greatest(matched.last_active_at, m.last_active_at)
       ) IS DISTINCT FROM (
           m.customer_no, m.display_name, m.phone_hash, m.gender, m.city_id, m.home_dealer_id,
           m.stage, m.joined_on, m.last_active_at
       ) AS is_own_changed,
       false AS is_changed,
       ''::varchar AS other,
       CASE WHEN m.id IS NULL AND matched.refusal IS NULL AND NOT %(dry)s
            THEN nextval('members_member_id_seq') ELSE m.id
       END AS member_id
FROM (
    SELECT s.*,
           -- Not coalesce: the planner thinks that it could leak, and keeps it from the index.
           CASE WHEN by_no.id IS NULL THEN by_phone.id ELSE by_no.id END AS found_id,
           -- owners
           CASE
               WHEN by_no.id <> by_phone.id THEN 'phone_taken'
               WHEN by_no.id IS NULL AND s.customer_no <> by_phone.customer_no THEN 'phone_taken'
               -- refusals
           END AS refusal
    FROM import_stage AS s
    LEFT JOIN LATERAL (
        SELECT id FROM members_member
        WHERE brand_id = %(brand)s AND customer_no = s.customer_no LIMIT 1
    ) AS by_no ON true
    LEFT JOIN LATERAL (
        SELECT id, customer_no FROM members_member
        WHERE brand_id = %(brand)s AND phone_hash = s.phone_hash LIMIT 1
    ) AS by_phone ON true
    -- joins
) AS matched
LEFT JOIN LATERAL (
    SELECT * FROM members_member WHERE brand_id = %(brand)s AND id = matched.found_id LIMIT 1
) AS m ON true
"""
JOIN_IDENTITY = """
    LEFT JOIN LATERAL (
        SELECT member_id FROM members_identity
        WHERE brand_id = %%(brand)s AND kind = '%(kind)s' AND value = s.%(name)s LIMIT 1
    ) AS by_%(name)s ON true
"""
REFUSE_IDENTITY = """
               WHEN by_%(name)s.member_id IS DISTINCT FROM coalesce(by_no.id, by_phone.id)
                    AND by_%(name)s.member_id IS NOT NULL THEN '%(name)s_taken'
"""
REFUSE_UNKNOWN = """
               WHEN by_no.id IS NULL AND by_phone.id IS NULL THEN 'member_unknown'
"""
HOLD_VERSIONED = """
SELECT FROM members_member WHERE brand_id = %(brand)s AND id IN (
    SELECT member_id FROM import_plan WHERE NOT is_new AND n = ANY (%(rows)s)
) ORDER BY id FOR NO KEY UPDATE
"""
REFUSE_STALE = """
UPDATE import_plan AS p SET
    refusal = CASE WHEN p.is_new THEN 'member_unknown' ELSE 'stale_version' END,
    other = coalesce((
        SELECT m.version::varchar FROM members_member AS m
        WHERE m.brand_id = %(brand)s AND m.id = p.member_id
    ), '')
FROM unnest(%(rows)s::bigint[], %(versions)s::bigint[]) AS asked (n, version)
WHERE p.n = asked.n AND p.refusal IS NULL AND (p.is_new OR NOT EXISTS (
    SELECT FROM members_member AS m
    WHERE m.brand_id = %(brand)s AND m.id = p.member_id AND m.version = asked.version
))
"""
JOIN_VEHICLE = """
    LEFT JOIN LATERAL (
        SELECT max(o.member_id) FILTER (WHERE o.ended_on IS NULL) AS member_id,
               max(o.ended_on) FILTER (WHERE o.ended_on > o.delivered_on) AS before
        FROM members_vehicle AS v
        JOIN members_ownership AS o ON o.brand_id = v.brand_id AND o.vehicle_id = v.id
        WHERE v.brand_id = %(brand)s AND v.vin_hash = s.vin_hash
    ) AS owner ON true
"""
REFUSE_VEHICLE = """
               WHEN owner.member_id IS DISTINCT FROM coalesce(by_no.id, by_phone.id)
                    AND owner.member_id IS NOT NULL THEN 'vin_taken'
               WHEN s.delivered_on < owner.before THEN 'vin_dates'
"""
# Somebody new begins where their car puts them; ``lifecycle.rules`` moves them from there.
INSERT = """
INSERT INTO members_member (
    id, brand_id, display_name, customer_no, phone_cipher, phone_hash, phone_masked, phone_tail,
    gender, city_id, home_dealer_id, stage, is_stage_told, stage_since, source, joined_on,
    last_active_at, created_at, updated_at, version
)
SELECT member_id, %(brand)s, coalesce(display_name, phone_masked, customer_no), customer_no,
       phone_cipher, phone_hash, coalesce(phone_masked, ''), coalesce(phone_tail, ''),
       coalesce(gender, ''), coalesce(city_id, %(city)s), coalesce(home_dealer_id, %(dealer)s),
       coalesce(stage, CASE
           WHEN delivered_on <= (%(now)s AT TIME ZONE 'Asia/Shanghai')::date - %(introduction)s - 1
           THEN 'growth'
           WHEN delivered_on <= (%(now)s AT TIME ZONE 'Asia/Shanghai')::date THEN 'introduction'
           ELSE 'prospect'
       END), coalesce(stage <> 'prospect', false), (%(now)s AT TIME ZONE 'Asia/Shanghai')::date,
       'import', joined_on, last_active_at, %(now)s, %(now)s, 1
FROM import_plan WHERE is_new AND refusal IS NULL
"""
UPDATE = """
UPDATE members_member AS m SET
    customer_no = coalesce(p.customer_no, m.customer_no),
    display_name = coalesce(p.display_name, m.display_name),
    phone_cipher = CASE WHEN p.phone_hash IS DISTINCT FROM m.phone_hash
                        THEN coalesce(p.phone_cipher, m.phone_cipher) ELSE m.phone_cipher END,
    phone_hash = coalesce(p.phone_hash, m.phone_hash),
    phone_masked = coalesce(p.phone_masked, m.phone_masked),
    phone_tail = coalesce(p.phone_tail, m.phone_tail),
    gender = coalesce(p.gender, m.gender),
    city_id = coalesce(p.city_id, m.city_id, %(city)s),
    home_dealer_id = coalesce(p.home_dealer_id, m.home_dealer_id, %(dealer)s),
    stage = coalesce(p.stage, m.stage),
    stage_since = CASE WHEN p.stage <> m.stage
                       THEN (%(now)s AT TIME ZONE 'Asia/Shanghai')::date ELSE m.stage_since END,
    joined_on = coalesce(p.joined_on, m.joined_on),
    last_active_at = greatest(p.last_active_at, m.last_active_at),
    updated_at = %(now)s,
    version = m.version + 1
FROM import_plan AS p
WHERE p.is_own_changed AND p.refusal IS NULL AND m.brand_id = %(brand)s AND m.id = p.member_id
"""
STAGES_SAID = """
SELECT member_id, known_stage, stage FROM import_plan
WHERE refusal IS NULL AND is_own_changed AND stage <> known_stage
"""
