"""The plan of a run: who goes where and who does not, worked out by the database in one step.

Nothing here grows with the number of members except what PostgreSQL sorts and writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection

from communities.group_building import entry
from communities.group_building.models import BuildRule, CandidateBatch, GroupingKey
from members.segments import selectors as segments

if TYPE_CHECKING:
    from datetime import datetime

    from communities.group_building.rules import Plan

WORK_MEM = "96MB"
Exclusion = CandidateBatch.Exclusion


class _Column(NamedTuple):
    """A column of the intake: what fills it, its type, and how it is written into a group's key."""

    name: str
    source: str
    kind: str
    text: str


# A missing value makes the whole key NULL, since text || NULL is NULL.
_COLUMNS: dict[str, _Column] = {
    GroupingKey.DEALER: _Column("dealer_id", "m.home_dealer_id", "bigint", "'dealer=' || {}"),
    GroupingKey.CITY: _Column("city_code", "m.city_id", "text", "'city=' || {}"),
    GroupingKey.MODEL: _Column("model_id", "car.model_id", "bigint", "'model=' || {}"),
    GroupingKey.INTEREST: _Column("tag_id", "interest.tag_id", "bigint", "'interest=' || {}"),
    GroupingKey.DELIVERY_MONTH: _Column(
        "month",
        "date_trunc('month', car.delivered_on)",
        "date",
        "'month=' || to_char({}, 'YYYY-MM')",
    ),
}
# The newest of the cars somebody owns now speaks for them.
_CAR = """
    LEFT JOIN (
        SELECT DISTINCT ON (owned.member_id) owned.member_id, vehicle.model_id, owned.delivered_on
        FROM members_ownership AS owned
        JOIN members_vehicle AS vehicle
            ON vehicle.brand_id = owned.brand_id AND vehicle.id = owned.vehicle_id
        WHERE owned.brand_id = %(brand)s AND owned.ended_on IS NULL
        ORDER BY owned.member_id, owned.delivered_on DESC, owned.id DESC
    ) AS car ON car.member_id = m.id
"""
# Of several tags of the group, the oldest one speaks for a member.
_INTEREST = """
    LEFT JOIN (
        SELECT held.member_id, min(held.tag_id) AS tag_id
        FROM members_membertag AS held
        JOIN members_tag AS tag ON tag.brand_id = held.brand_id AND tag.id = held.tag_id
        WHERE held.brand_id = %(brand)s AND tag.group_id = %(tag_group)s
        GROUP BY held.member_id
    ) AS interest ON interest.member_id = m.id
"""
# Who is inside a suitable group already; ``seat`` and ``home`` are the membership and community.
# Where nobody is skipped, one seat per community still holds: the caller adds which community.
INSIDE: dict[str, str] = {
    BuildRule.Skip.SAME_KIND: "home.kind = %(kind)s",
    BuildRule.Skip.SAME_RULE: "home.build_rule_id = %(rule)s",
    BuildRule.Skip.NOBODY: "home.build_rule_id = %(rule)s",
}
_SEATED = """
    SELECT DISTINCT seat.member_id{key}
    FROM communities_membership AS seat
    JOIN communities_community AS home
        ON home.brand_id = seat.brand_id AND home.id = seat.community_id
    WHERE seat.brand_id = %(brand)s AND seat.left_at IS NULL AND {inside}
"""
# What the slots -1 to -4 stand for.
_EXCLUSIONS = [Exclusion.INSIDE, Exclusion.NO_CONSENT, Exclusion.NO_GROUP, Exclusion.NO_ENTRY]
_INTAKE = """
    CREATE TEMP TABLE build_intake ON COMMIT DROP AS
    SELECT intake.*, CASE
        WHEN seated.member_id IS NOT NULL THEN -1
        WHEN consent.member_id IS NULL THEN -2
        WHEN {key} IS NULL THEN -3
        ELSE 0 END AS slot
    FROM (
        SELECT m.id AS member_id, {columns}
        FROM members_member AS m {car} {segment}
        WHERE m.brand_id = %(brand)s
    ) AS intake
    LEFT JOIN ({seated}) AS seated ON {same_seat}
    LEFT JOIN members_consent AS consent
        ON consent.brand_id = %(brand)s AND consent.member_id = intake.member_id
        AND consent.purpose = 'community' AND consent.withdrawn_at IS NULL
"""
_NUMBERED = """
    CREATE TEMP TABLE build_numbered ON COMMIT DROP AS
    SELECT (row_number() OVER (ORDER BY key))::int AS group_no, grouped.*
    FROM (
        SELECT {key} AS key, dealer_id, city_code, model_id, tag_id, month,
            count(*) FILTER (WHERE slot = 0) AS candidates,
            count(*) FILTER (WHERE slot < 0) AS excluded
        FROM build_intake AS intake GROUP BY dealer_id, city_code, model_id, tag_id, month
    ) AS grouped
    WHERE key IS NOT NULL
"""
_GROUPS = """
    INSERT INTO communities_buildgroup (brand_id, run_id, group_no, key, label, facts,
        community_id, candidate_count, excluded_count, existing_seats, new_room_count)
    SELECT %(brand)s, %(run)s, numbered.group_no, numbered.key,
        left(concat_ws(' · ', dealer.name,
            CASE WHEN numbered.city_code IS NOT NULL THEN regexp_replace(city.name, '市$', '') END,
            model.name, tag.name, to_char(numbered.month, 'YYYY-MM')), 160),
        jsonb_strip_nulls(jsonb_build_object(
            'dealer_id', dealer.id, 'dealer', dealer.name,
            'city_code', city.code, 'city', regexp_replace(city.name, '市$', ''),
            'model', model.name, 'interest', tag.name,
            'month', to_char(numbered.month, 'YYYY-MM'))),
        home.id, numbered.candidates, numbered.excluded, coalesce(free.seats, 0),
        ceil(greatest(numbered.candidates - coalesce(free.seats, 0), 0)
            / coalesce(home.room_cap, %(cap)s)::numeric)::int
    FROM build_numbered AS numbered
    LEFT JOIN core_dealer AS dealer
        ON dealer.brand_id = %(brand)s AND dealer.id = numbered.dealer_id
    LEFT JOIN core_city AS city ON city.code = coalesce(numbered.city_code, dealer.city_id)
    LEFT JOIN members_vehiclemodel AS model
        ON model.brand_id = %(brand)s AND model.id = numbered.model_id
    LEFT JOIN members_tag AS tag ON tag.brand_id = %(brand)s AND tag.id = numbered.tag_id
    LEFT JOIN communities_community AS home
        ON home.brand_id = %(brand)s AND home.build_rule_id = %(rule)s
        AND home.group_key = numbered.key AND home.state <> 'archived'
    LEFT JOIN (
        SELECT room.community_id, sum(room.cap - room.member_count) AS seats
        FROM communities_room AS room WHERE room.brand_id = %(brand)s AND room.state = 'open'
        GROUP BY room.community_id
    ) AS free ON free.community_id = home.id
"""
# A slot is a group's number, or below zero why somebody is left out: a million numbers sort in half
# the time that a million texts take.
_CANDIDATES = """
    INSERT INTO communities_candidatebatch (brand_id, run_id, exclusion, group_no, first_member,
        last_member, people, member_ids)
    SELECT %(brand)s, %(run)s, coalesce((%(exclusions)s::text[])[-slot], ''), greatest(slot, 0),
        min(member_id), max(member_id), count(*), array_agg(member_id)
    FROM (
        SELECT slot, member_id,
            (row_number() OVER (PARTITION BY slot ORDER BY member_id) - 1) / %(size)s AS piece
        FROM (
            SELECT CASE WHEN intake.slot < 0 THEN intake.slot ELSE numbered.group_no END AS slot,
                intake.member_id
            FROM build_intake AS intake
            LEFT JOIN build_numbered AS numbered ON {same_group}
        ) AS slotted
    ) AS cut
    GROUP BY slot, piece
"""
_COUNTS = """
    SELECT exclusion, sum(people) FROM communities_candidatebatch
    WHERE brand_id = %(brand)s AND run_id = %(run)s GROUP BY exclusion
"""
_TIDY = """
    DELETE FROM communities_candidatebatch WHERE brand_id = %(brand)s AND run_id IN (
        SELECT id FROM communities_buildrun
        WHERE brand_id = %(brand)s AND rule_id = %(rule)s AND state = 'discarded'
    )
"""


class LookedAt(NamedTuple):
    """How many members a plan is about, by exclusion, and how many of the placed it promotes."""

    people: dict[str, int]
    promoted: int


def write_plan(*, run_id: int, brand_id: int, plan: Plan, now: datetime) -> LookedAt:
    """Write every member of the segment as a candidate, and a group per key.

    Returns how many members were looked at, and how many each exclusion took. Lists of discarded
    runs of the rule are dropped first. Everything commits with the caller's transaction.

    Raises:
        InvalidInput: the segment's conditions no longer make sense.
    """
    params: dict[str, Any] = {
        "brand": brand_id,
        "run": run_id,
        "rule": plan.rule_id,
        "kind": plan.kind,
        "cap": plan.room_cap,
        "tag_group": plan.tag_group_id,
        "size": CandidateBatch.SIZE,
        "exclusions": _EXCLUSIONS,
    }
    columns = [_COLUMNS[key] for key in plan.group_by]
    key = " || '|' || ".join(one.text.format(f"intake.{one.name}") for one in columns) or "'all'"
    same = " AND ".join(f"numbered.{one.name} = intake.{one.name}" for one in columns) or "true"
    intake, segment_params = _intake_sql(plan, brand_id, key, now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('work_mem', %s, true)", [WORK_MEM])
        cursor.execute(_TIDY, params)
        cursor.execute("DROP TABLE IF EXISTS pg_temp.build_intake, pg_temp.build_numbered")
        cursor.execute(intake, params | segment_params)
        promoted = entry.leave_out(
            cursor, stage=entry.PLANNING, plan=plan, brand_id=brand_id, now=now
        )
        cursor.execute("ANALYZE build_intake")
        cursor.execute(_NUMBERED.format(key=key))
        cursor.execute("ANALYZE build_numbered")
        cursor.execute(_GROUPS, params)
        cursor.execute(_CANDIDATES.format(same_group=same), params)
        cursor.execute(_COUNTS, params)
        people = {str(exclusion): int(number) for exclusion, number in cursor.fetchall()}
        return LookedAt(people, promoted)


def _intake_sql(
    plan: Plan, brand_id: int, group_key: str, now: datetime
) -> tuple[str, dict[str, Any]]:
    columns = ", ".join(
        f"{one.source if key in plan.group_by else 'NULL'}::{one.kind} AS {one.name}"
        for key, one in _COLUMNS.items()
    )
    needs_car = {GroupingKey.MODEL, GroupingKey.DELIVERY_MONTH} & set(plan.group_by)
    per_group = plan.skip == BuildRule.Skip.NOBODY
    segment, params = _segment_sql(plan, brand_id, now)
    sql = _INTAKE.format(
        columns=columns,
        key=group_key,
        car=(_CAR if needs_car else "")
        + (_INTEREST if GroupingKey.INTEREST in plan.group_by else ""),
        segment=segment,
        seated=_SEATED.format(
            key=", home.group_key" if per_group else "", inside=INSIDE[plan.skip]
        ),
        same_seat="seated.member_id = intake.member_id"
        + (f" AND seated.group_key = {group_key}" if per_group else ""),
    )
    return sql, params


def _segment_sql(plan: Plan, brand_id: int, now: datetime) -> tuple[str, dict[str, Any]]:
    """Return the join that keeps the segment's members, its values under names of their own."""
    if plan.tree is None:
        return "", {}
    found = segments.member_ids_sql(tree=plan.tree, brand_id=brand_id, now=now)
    names = [f"segment_{index}" for index in range(len(found.params))]
    # The compiler writes %s for a value and %% for a per cent sign, as every cursor expects.
    pieces = found.sql.replace("%%", "\0").split("%s")
    text = "".join(
        piece + (f"%({names[index]})s" if index < len(names) else "")
        for index, piece in enumerate(pieces)
    ).replace("\0", "%%")
    join = f"JOIN ({text}) AS chosen ON chosen.member_id = m.id"
    return join, dict(zip(names, found.params, strict=True))
