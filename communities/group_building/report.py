"""What a run would do and what it did, in counts. People are looked up when somebody asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection

from communities.group_building.models import CandidateBatch

if TYPE_CHECKING:
    from communities.group_building.applying import Progress
    from communities.group_building.models import BuildRun
    from communities.group_building.planning import LookedAt
    from communities.group_building.rules import Plan

Exclusion = CandidateBatch.Exclusion

# People of a new community's first room are told apart from those of its later rooms, as the
# placements of the memberships will be.
_TOTALS = """
    SELECT count(*) FILTER (WHERE candidate_count > 0),
        coalesce(sum(candidate_count), 0),
        coalesce(sum(least(candidate_count, existing_seats)), 0),
        coalesce(sum(least(candidate_count, %(cap)s)) FILTER (WHERE community_id IS NULL), 0),
        coalesce(sum(new_room_count), 0),
        count(*) FILTER (WHERE community_id IS NULL AND candidate_count > 0)
    FROM communities_buildgroup WHERE brand_id = %(brand)s AND run_id = %(run)s
"""


def preview_of(*, run: BuildRun, plan: Plan, looked_at: LookedAt) -> dict[str, Any]:
    """Return what confirming the run would do."""
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS, {"brand": run.brand_id, "run": run.pk, "cap": plan.room_cap})
        groups, placed, existing, first, rooms, communities = map(int, cursor.fetchone())
    excluded = {name: number for name, number in looked_at.people.items() if name}
    return {
        "people": sum(looked_at.people.values()),
        "groups": groups,
        "placed": placed,
        "placements": {"existing": existing, "next": placed - existing - first, "first": first},
        "excluded": sum(excluded.values()),
        "exclusions": excluded,
        "promoted": looked_at.promoted,
        "new_rooms": rooms,
        "new_communities": communities,
    }


def counts_of(progress: Progress) -> dict[str, int]:
    """Return the same as the numbers that a task shows."""
    told = report_of(progress)
    return {name: told[name] for name in ("placed", "new_rooms", "new_communities", "dropped")}


def report_of(progress: Progress) -> dict[str, Any]:
    """Return what a run has done so far."""
    return {
        "placed": progress.people,
        "placements": dict(progress.placed),
        "dropped": sum(progress.dropped.values()),
        "drops": dict(progress.dropped),
        "new_rooms": progress.rooms,
        "new_communities": progress.communities,
    }
