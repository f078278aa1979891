"""Writes down what an act changed, in the statement that changes it.

Each act is one statement: it finds whom it means (``matched``), gives and takes, gathers what
became of it in ``deltas``, and ends with ``RECORD``, which keeps the history in batches and moves
the counts. ``hold`` comes first, so that acts on one tag, or on the tags of one exclusive group,
follow each other: batches then have numbers in the order in which things happened, counts are
exact, and nobody gets two tags of a group that allows one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.db import connection

from members.segments.ports import Sql
from members.tags.models import TagAct, TagChangeBatch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from core.kernel.access import Viewer

HOLD_GROUPS = """
SELECT FROM members_taggroup held
WHERE held.brand_id = %(brand)s AND held.id IN (
    SELECT tag.group_id FROM members_tag tag
    WHERE tag.brand_id = %(brand)s AND tag.id = ANY(%(tags)s)
)
ORDER BY held.id FOR SHARE
"""
HOLD_TAGS = """
SELECT FROM members_tag held
WHERE held.brand_id = %(brand)s AND (
    held.id = ANY(%(tags)s) OR held.group_id IN (
        SELECT kind.id FROM members_taggroup kind
        JOIN members_tag tag ON tag.brand_id = kind.brand_id AND tag.group_id = kind.id
        WHERE kind.brand_id = %(brand)s AND kind.is_exclusive AND tag.id = ANY(%(tags)s)
    )
)
ORDER BY held.id FOR NO KEY UPDATE
"""
# The columns of ``deltas`` that say what was there before.
NOTHING = "NULL::varchar, NULL::bigint, NULL::timestamptz, NULL::timestamptz"
BEFORE = "source, author_id, tagged_at, expires_at"
DELTAS = """
, deltas (tag_id, kind, member_id, source, author_id, tagged_at, expires_at) AS MATERIALIZED (
"""
RECORD = """
), act AS (
    INSERT INTO members_tagact
        (id, brand_id, source, author_id, author_label, rule_version, run_id, at, undoes_id)
    SELECT %(act)s, %(brand)s, %(act_source)s, %(author)s, %(author_label)s, %(rule_version)s,
        %(run)s, %(now)s, %(undoes)s
    FROM (SELECT FROM deltas LIMIT 1) AS something
    ON CONFLICT (id) DO NOTHING
), heads AS (
    INSERT INTO members_tagchange AS head (brand_id, act_id, tag_id, tag_name, kind, people)
    SELECT %(brand)s, %(act)s, tag.id, tag.name, deltas.kind, count(*)
    FROM deltas JOIN members_tag tag ON tag.brand_id = %(brand)s AND tag.id = deltas.tag_id
    GROUP BY tag.id, tag.name, deltas.kind
    ORDER BY deltas.kind = 'given', deltas.kind, tag.id  -- what somebody got is the newest
    ON CONFLICT (brand_id, act_id, tag_id, kind, tag_name)
    DO UPDATE SET people = head.people + excluded.people
    RETURNING id, tag_id, kind
), batches AS (
    INSERT INTO members_tagchangebatch
        (brand_id, change_id, bucket, at, people, member_ids, sources, author_ids, tagged_ats,
         expires_ats)
    SELECT %(brand)s, heads.id, deltas.member_id / %(size)s, %(now)s, count(*),
        array_agg(deltas.member_id ORDER BY deltas.member_id),
        CASE WHEN bool_or(deltas.source IS NOT NULL)
            THEN array_agg(deltas.source ORDER BY deltas.member_id) END,
        CASE WHEN bool_or(deltas.author_id IS NOT NULL)
            THEN array_agg(deltas.author_id ORDER BY deltas.member_id) END,
        CASE WHEN bool_or(deltas.tagged_at IS NOT NULL)
            THEN array_agg(deltas.tagged_at ORDER BY deltas.member_id) END,
        CASE WHEN bool_or(deltas.expires_at IS NOT NULL)
            THEN array_agg(deltas.expires_at ORDER BY deltas.member_id) END
    FROM deltas JOIN heads USING (tag_id, kind)
    GROUP BY heads.id, deltas.kind, deltas.tag_id, deltas.member_id / %(size)s
    ORDER BY deltas.kind = 'given', deltas.kind, deltas.tag_id, deltas.member_id / %(size)s
), counts AS (
    UPDATE members_tag tag SET member_count = greatest(tag.member_count + moved.people, 0)
    FROM (
        SELECT tag_id, sum(CASE WHEN kind = 'given' THEN 1 ELSE -1 END) AS people
        FROM deltas WHERE kind IN ('given', 'taken', 'replaced') GROUP BY tag_id
    ) AS moved
    WHERE tag.brand_id = %(brand)s AND tag.id = moved.tag_id
      AND tag.member_count IS NOT NULL  -- never counted yet: there is nothing to move
)
"""
TALLY = """
SELECT (SELECT count(*) FROM matched), kind, count(*) FROM deltas GROUP BY kind
UNION ALL SELECT (SELECT count(*) FROM matched), '', 0
"""
# After statements with a CTE ``brimful``: whoever got nothing, having as many tags as allowed.
TALLY_FULL = " UNION ALL SELECT 0, 'full', count(*) FROM brimful HAVING count(*) > 0"


def woven(text: str, **pieces: str) -> str:
    """Return a statement with pieces of SQL, all written in these modules, in place of names."""
    for name, piece in pieces.items():
        text = text.replace("{" + name + "}", piece)
    return text


def hold(*, brand_id: int, tag_ids: Iterable[int]) -> None:
    """Wait for other acts on these tags, and let none begin until the transaction ends.

    In an exclusive group all tags are held. Groups come before tags and lower numbers before
    higher ones, so that two acts cannot wait for each other.
    """
    values: dict[str, Any] = {"brand": brand_id, "tags": sorted(tag_ids)}
    with connection.cursor() as cursor:
        cursor.execute(HOLD_GROUPS, values)
        cursor.execute(HOLD_TAGS, values)


def act_values(
    *,
    brand_id: int,
    source: TagAct.Source,
    actor: Viewer,
    now: datetime,
    run_id: int | None = None,
    rule_version: int | None = None,
    undoes: int | None = None,
) -> dict[str, Any]:
    """Return what ``RECORD`` writes of an act, under its number; a run's steps have one."""
    return {
        "act": _number(brand_id, run_id),
        "brand": brand_id,
        "act_source": str(source),
        "author": actor.staff_id,
        "author_label": actor.label[:120],
        "rule_version": rule_version,
        "run": run_id,
        "now": now,
        "undoes": undoes,
        "size": TagChangeBatch.SIZE,
    }


def _number(brand_id: int, run_id: int | None) -> int:
    if run_id is not None:
        known = TagAct.objects.filter(brand_id=brand_id, run_id=run_id)
        if (found := known.values_list("pk", flat=True).first()) is not None:
            return found
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('members_tagact', 'id'))")
        return int(cursor.fetchone()[0])


def placed(text: str, values: Mapping[str, Any]) -> Sql:
    """Return a statement that names its values as one that counts its placeholders."""
    names = re.findall(r"%\((\w+)\)s", text)
    return Sql(re.sub(r"%\(\w+\)s", "%s", text), tuple(values[name] for name in names))


def carry_out(*, matched: Sql, changes: str, values: Mapping[str, Any]) -> dict[str, int]:
    """Run an act's statement; return how many it matched and how many of each kind it changed.

    ``matched`` is a SELECT of member ids; ``changes`` are the CTEs up to and with the selects
    of ``deltas``, without its closing bracket.
    """
    head = matched.within("WITH matched (member_id) AS MATERIALIZED (", ")")
    tally = TALLY + (TALLY_FULL if "brimful" in changes else "")
    sql = head + placed(changes + RECORD + tally, values)
    with connection.cursor() as cursor:
        cursor.execute(sql.text, sql.params)
        rows = cursor.fetchall()
    return {"matched": max(row[0] for row in rows)} | {row[1]: row[2] for row in rows if row[1]}
