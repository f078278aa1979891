"""Reading what a run says of single people out of its batches, a page at a time.

Batches of one exclusion and group follow each other without overlap, so a page opens two or three
of them. People whom applying could no longer place stand twice: with their group, as planned, and
with the reason, which counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models.expressions import RawSQL

from communities.group_building.models import CandidateBatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from communities.group_building.models import BuildRun

LARGEST = 2**63 - 1
_OF_GROUP = """
    SELECT member_id, coalesce(dropped.exclusion, '')
    FROM (
        SELECT member_ids FROM communities_candidatebatch
        WHERE brand_id = %(brand)s AND run_id = %(run)s AND exclusion = ''
            AND group_no = %(group_no)s AND last_member > %(after)s
        ORDER BY first_member LIMIT %(batches)s
    ) AS batch
    CROSS JOIN LATERAL unnest(batch.member_ids) AS member_id
    LEFT JOIN (
        SELECT exclusion, unnest(member_ids) AS member_id FROM communities_candidatebatch
        WHERE brand_id = %(brand)s AND run_id = %(run)s AND exclusion <> ''
            AND group_no = %(group_no)s AND last_member > %(after)s
    ) AS dropped USING (member_id)
    WHERE member_id > %(after)s ORDER BY member_id LIMIT %(limit)s
"""
# Whom the plan left out comes from batches in order; whom applying dropped is few.
_OF_EXCLUSION = """
    SELECT group_no, member_id
    FROM (
        (SELECT group_no, member_ids FROM communities_candidatebatch
        WHERE brand_id = %(brand)s AND run_id = %(run)s AND exclusion = %(exclusion)s
            AND group_no = 0 AND last_member > %(after)s
        ORDER BY first_member LIMIT %(batches)s)
        UNION ALL
        SELECT group_no, member_ids FROM communities_candidatebatch
        WHERE brand_id = %(brand)s AND run_id = %(run)s AND exclusion = %(exclusion)s
            AND group_no > 0 AND last_member > %(after)s
    ) AS batch
    CROSS JOIN LATERAL unnest(batch.member_ids) AS member_id
    WHERE member_id > %(after)s ORDER BY member_id LIMIT %(limit)s
"""
_OF_MEMBER = """
    SELECT group_no, exclusion FROM communities_candidatebatch
    WHERE brand_id = %(brand)s AND run_id = %(run)s
        AND %(member)s BETWEEN first_member AND last_member AND %(member)s = ANY(member_ids)
    ORDER BY exclusion DESC LIMIT 1
"""
_LEFT_OUT = """
    SELECT unnest(member_ids) FROM communities_candidatebatch
    WHERE brand_id = %s AND run_id = %s AND exclusion > ''
        AND last_member > %s AND first_member <= %s
"""
_REASONS = """
    SELECT member_id, batch.exclusion
    FROM communities_candidatebatch AS batch
    CROSS JOIN LATERAL unnest(batch.member_ids) AS member_id
    WHERE batch.brand_id = %(brand)s AND batch.run_id = %(run)s AND batch.exclusion > ''
        AND batch.last_member >= %(low)s AND batch.first_member <= %(high)s
        AND member_id = ANY(%(members)s)
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a run means to do with one member: a group to join, or the reason why not.

    ``group_no`` is 0 for whom the plan left out; ``exclusion`` is empty for who gets a seat.
    """

    member_id: int
    group_no: int
    exclusion: str


def of_group(*, run: BuildRun, group_no: int, after: int, limit: int) -> list[Candidate]:
    """Return people of a group with numbers above ``after``, by number."""
    params = _page(run, after, limit) | {"group_no": group_no}
    with connection.cursor() as cursor:
        cursor.execute(_OF_GROUP, params)
        return [Candidate(member, group_no, exclusion) for member, exclusion in cursor.fetchall()]


def of_exclusion(*, run: BuildRun, exclusion: str, after: int, limit: int) -> list[Candidate]:
    """Return people left out for one reason with numbers above ``after``, by number."""
    params = _page(run, after, limit) | {"exclusion": exclusion}
    with connection.cursor() as cursor:
        cursor.execute(_OF_EXCLUSION, params)
        return [Candidate(member, group_no, exclusion) for group_no, member in cursor.fetchall()]


def of_member(*, run: BuildRun, member_id: int) -> Candidate | None:
    """Return what a run says of a member; None where they were not in its segment."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_MEMBER, {"brand": run.brand_id, "run": run.pk, "member": member_id})
        found = cursor.fetchone()
    return Candidate(member_id, *found) if found else None


def last_of_group(*, run: BuildRun, group_no: int) -> Candidate | None:
    """Return the person of a group with the highest number."""
    rows = CandidateBatch.objects.filter(
        brand_id=run.brand_id, run_id=run.pk, exclusion="", group_no=group_no
    )
    last = rows.order_by("-first_member").values_list("last_member", flat=True).first()
    return None if last is None else Candidate(last, group_no, "")


def left_out(*, brand_id: int, run_id: int, span: tuple[int, int] | None = None) -> RawSQL:
    """Return the numbers of everybody whom a run does not place, as a subquery.

    ``span`` opens only the batches that reach into it: above its first number, up to its second.
    """
    low, high = span or (0, LARGEST)
    return RawSQL(_LEFT_OUT, (brand_id, run_id, low, high))  # noqa: S611  our text, bound values


def reasons_of(*, brand_id: int, run_id: int, member_ids: Sequence[int]) -> dict[int, str]:
    """Return why a run does not place these people; whom it places is missing."""
    if not member_ids:
        return {}
    params: dict[str, Any] = {
        "brand": brand_id,
        "run": run_id,
        "members": list(member_ids),
        "low": min(member_ids),
        "high": max(member_ids),
    }
    with connection.cursor() as cursor:
        cursor.execute(_REASONS, params)
        return dict(cursor.fetchall())


def _page(run: BuildRun, after: int, limit: int) -> dict[str, int]:
    # The first batch may have one person behind ``after`` only, the others are full.
    batches = 2 + limit // CandidateBatch.SIZE
    return {
        "brand": run.brand_id,
        "run": run.pk,
        "after": after,
        "limit": limit,
        "batches": batches,
    }
