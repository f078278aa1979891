"""What build runs keep about a member: that they were looked at, and that they got a seat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection
from django.utils.translation import gettext_lazy as _

from communities.group_building.models import BuildGroup, BuildRule, BuildRun, CandidateBatch
from members.erasure.ports import Holding
from members.erasure.services import texts_of

if TYPE_CHECKING:
    from members.erasure.ports import Erasing

# Which batches reach across a member's number is told by an index; few of those hold it.
SHRINK = """
WITH hit AS MATERIALIZED (
    SELECT DISTINCT batch.run_id, batch.exclusion, batch.group_no, batch.first_member
    FROM unnest(%(ids)s::bigint[]) AS one (member_id)
    JOIN communities_candidatebatch AS batch ON batch.brand_id = %(brand)s
        AND batch.first_member <= one.member_id AND batch.last_member >= one.member_id
    WHERE one.member_id = ANY(batch.member_ids)
), left_over AS (
    SELECT batch.run_id, batch.exclusion, batch.group_no, batch.first_member, batch.people, ARRAY(
        SELECT who FROM unnest(batch.member_ids) AS who
        WHERE who <> ALL(%(ids)s::bigint[]) ORDER BY who
    ) AS kept
    FROM hit JOIN communities_candidatebatch AS batch
        USING (run_id, exclusion, group_no, first_member)
    WHERE batch.brand_id = %(brand)s
), dropped AS (
    DELETE FROM communities_candidatebatch AS batch USING left_over AS now
    WHERE batch.brand_id = %(brand)s AND batch.run_id = now.run_id
        AND batch.exclusion = now.exclusion AND batch.group_no = now.group_no
        AND batch.first_member = now.first_member AND cardinality(now.kept) = 0
), shrunk AS (
    UPDATE communities_candidatebatch AS batch SET member_ids = now.kept,
        people = cardinality(now.kept), first_member = now.kept[1],
        last_member = now.kept[cardinality(now.kept)]
    FROM left_over AS now
    WHERE batch.brand_id = %(brand)s AND batch.run_id = now.run_id
        AND batch.exclusion = now.exclusion AND batch.group_no = now.group_no
        AND batch.first_member = now.first_member AND cardinality(now.kept) > 0
), less AS (
    SELECT run_id, group_no,
        coalesce(sum(people - cardinality(kept)) FILTER (WHERE exclusion = ''), 0) AS placed,
        coalesce(sum(people - cardinality(kept)) FILTER (WHERE exclusion <> ''), 0) AS left_out
    FROM left_over WHERE group_no > 0 GROUP BY run_id, group_no
)
UPDATE communities_buildgroup AS grp SET
    candidate_count = greatest(grp.candidate_count - less.placed, 0),
    excluded_count = greatest(grp.excluded_count - less.left_out, 0)
FROM less WHERE grp.brand_id = %(brand)s AND grp.run_id = less.run_id
    AND grp.group_no = less.group_no
"""
HOW_MANY = """
SELECT count(*), 0 FROM (
    SELECT DISTINCT batch.run_id, batch.exclusion, batch.group_no, batch.first_member
    FROM unnest(%(ids)s::bigint[]) AS one (member_id)
    JOIN communities_candidatebatch AS batch ON batch.brand_id = %(brand)s
        AND batch.first_member <= one.member_id AND batch.last_member >= one.member_id
    WHERE one.member_id = ANY(batch.member_ids)
) AS hit
"""
# A report tells the seats that a run gave, and seats go with their people. A run that is still
# applying has no report; its row is written all the same, so that it waits for us before it counts.
RECOUNT = """
WITH seats AS MATERIALIZED (
    SELECT build_run_id AS run_id, community_id, count(*) AS people
    FROM communities_membership
    WHERE brand_id = %(brand)s AND member_id = ANY(%(ids)s::bigint[]) AND build_run_id IS NOT NULL
    GROUP BY build_run_id, community_id
), reports AS (
    UPDATE communities_buildrun AS run SET report = CASE
        WHEN run.report->>'placed' IS NULL THEN run.report
        ELSE jsonb_set(
            run.report, '{placed}', to_jsonb((run.report->>'placed')::bigint - less.people))
        END
    FROM (SELECT run_id, sum(people) AS people FROM seats GROUP BY run_id) AS less
    WHERE run.brand_id = %(brand)s AND run.id = less.run_id
)
UPDATE communities_buildgroup AS grp SET placed_count = grp.placed_count - chosen.people
FROM (
    SELECT DISTINCT ON (seats.run_id, seats.community_id) one.id, seats.people
    FROM seats JOIN communities_buildgroup AS one ON one.brand_id = %(brand)s
        AND one.run_id = seats.run_id AND one.community_id = seats.community_id
    WHERE one.placed_count >= seats.people
    ORDER BY seats.run_id, seats.community_id, one.group_no
) AS chosen
WHERE grp.brand_id = %(brand)s AND grp.id = chosen.id
"""


def _shrink(erasing: Erasing) -> None:
    with connection.cursor() as cursor:
        cursor.execute(SHRINK, erasing.params)


def _recount(erasing: Erasing) -> None:
    with connection.cursor() as cursor:
        cursor.execute(RECOUNT, erasing.params)


HOLDINGS = (
    Holding(
        model=CandidateBatch,
        columns=("member_ids", "first_member", "last_member"),
        label=_("Build runs"),
        count=HOW_MANY,
        erase=_shrink,
        untold="A reckoning of the brand; what came of it is told with the communities.",
    ),
    Holding(
        model=BuildRun,
        columns=("report",),
        label=_("Build runs"),
        count="SELECT 0, 0",  # counts of others, less by one
        erase=_recount,
        untold="Counts; what came of them is told with the communities.",
        order=40,  # while the seats still stand
    ),
)
SEARCHES = (
    texts_of(model=BuildRule, columns=("name", "name_template", "topic", "event"), names=False),
    texts_of(model=BuildRun, columns=("plan", "preview"), names=False),
    texts_of(model=BuildGroup, columns=("key", "label", "facts"), names=False),
)
