"""What the worker does for a build run: one kind of task plans it, the other applies it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.db.models import Max
from django.utils.translation import gettext_lazy as _lazy

from communities.group_building import applying, planning, report
from communities.group_building.applying import Progress
from communities.group_building.models import BuildGroup, BuildRun
from communities.group_building.rules import Plan
from communities.memberships.models import Membership
from core.audit import services as audit
from core.kernel.faults import point
from core.runs.ports import RunView, RunWords, Step

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer


PLAN_WORDS = RunWords(
    _lazy("Preview of a build run"),
    {
        "people": _lazy("People looked at"),
        "placed": _lazy("Would be placed"),
        "excluded": _lazy("Would be left out"),
        "new_rooms": _lazy("Rooms to open"),
    },
    icon="eye",
)
APPLY_WORDS = RunWords(
    _lazy("Build run"),
    {
        "placed": _lazy("People placed"),
        "new_rooms": _lazy("Rooms opened"),
        "new_communities": _lazy("Communities created"),
        "dropped": _lazy("Could not be placed any more"),
    },
    icon="users",
)


class PlanHandler:
    """Works out a preview in one step: it commits whole or not at all."""

    def step(self, *, run: RunView, actor: Viewer, now: datetime) -> Step:
        """Write the plan and its summary; the run then waits for a person."""
        held = _held(run)
        if held.state != BuildRun.State.PLANNING:
            return Step(finished=True)  # Discarded before a worker came to it.
        started = time.perf_counter()
        plan = Plan.of(held.plan)
        looked_at = planning.write_plan(run_id=held.pk, brand_id=run.brand_id, plan=plan, now=now)
        point("build.planned")
        people = sum(looked_at.people.values())
        held.preview = report.preview_of(run=held, plan=plan, looked_at=looked_at) | {
            "computed_at": now.isoformat(),
            "seconds": round(time.perf_counter() - started, 1),
        }
        held.state = BuildRun.State.PREVIEWED
        held.save(update_fields=["preview", "state"])
        data = {name: held.preview[name] for name in ("people", "placed", "excluded", "new_rooms")}
        audit.record(action="build_run.previewed", subject=held, actor=actor, now=now, data=data)
        return Step(done=people, total=people, result={"counts": data}, finished=True)

    def cancelled(self, *, run: RunView, actor: Viewer, now: datetime) -> None:
        """Leave the run behind as discarded, with nothing planned."""
        held = _held(run)
        if held.state == BuildRun.State.PLANNING:
            held.state = BuildRun.State.DISCARDED
            held.save(update_fields=["state"])


class ApplyHandler:
    """Seats people, a part of the queue at a time."""

    def step(self, *, run: RunView, actor: Viewer, now: datetime) -> Step:
        """Seat the next part; at the end of the queue, write the report."""
        held = _held(run)
        if held.state == BuildRun.State.FAILED:  # Resumed: it goes on behind its last step.
            held.state = BuildRun.State.APPLYING
            held.save(update_fields=["state"])
        progress = Progress.of(run.cursor)
        went_on = applying.place_next(
            run_id=held.pk,
            plan=Plan.of(held.plan),
            progress=progress,
            last_group=_last_group(held),
            actor=actor,
            now=now,
        )
        if not went_on:
            _finish(held, BuildRun.State.APPLIED, progress, actor, now)
        point("build.step_done")
        return Step(
            cursor=progress.as_json(),
            done=progress.seen,
            total=run.total,
            result={"counts": report.counts_of(progress)},
            finished=not went_on,
        )

    def cancelled(self, *, run: RunView, actor: Viewer, now: datetime) -> None:
        """Keep who was placed; the report says how far it came."""
        held = _held(run)
        if held.state == BuildRun.State.APPLYING:
            _finish(held, BuildRun.State.FAILED, Progress.of(run.cursor), actor, now)


def _held(run: RunView) -> BuildRun:
    return BuildRun.objects.select_for_update().get(
        brand_id=run.brand_id, pk=run.params["build_run_id"]
    )


def _last_group(run: BuildRun) -> int:
    groups = BuildGroup.objects.filter(brand_id=run.brand_id, run=run, candidate_count__gt=0)
    return int(groups.aggregate(last=Max("group_no"))["last"] or 0)


def _finish(
    run: BuildRun, state: BuildRun.State, progress: Progress, actor: Viewer, now: datetime
) -> None:
    """Write the report. Who was erased since they got their seat does not count any more."""
    BuildGroup.objects.filter(brand_id=run.brand_id, run=run, placed_count=None).update(
        placed_count=0
    )
    seats = Membership.objects.filter(brand_id=run.brand_id, build_run_id=run.pk)
    told: dict[str, Any] = report.report_of(progress) | {"placed": seats.count()}
    run.report, run.state, run.applied_at = told, state, now
    run.save(update_fields=["report", "state", "applied_at"])
    action = "build_run.applied" if state == BuildRun.State.APPLIED else "build_run.stopped"
    audit.record(action=action, subject=run, actor=actor, now=now, data=told)
