"""The run that applies the rules to everybody, a stretch of members a step.

Each step is one statement and commits together with how far the run came, so that a killed worker
repeats nothing and skips nothing. The rules are those of the moment at which the run was started.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from core.runs.ports import RunWords, Step
from members.lifecycle import selectors, services
from members.lifecycle.rules import CLIMB, DORMANT, LOST, SILENT

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer
    from core.runs.ports import RunView
    from members.lifecycle.moving import Counts

STRETCH = 50_000
WORDS = RunWords(
    _("Lifecycle"),
    {
        "advanced": _("advanced"),
        "back": _("active again"),
        "dormant": _("became dormant"),
        "lost": _("were lost"),
    },
    "refresh",
)


class LifecycleRun:
    """Walks over the brand's members by key."""

    def step(self, *, run: RunView, actor: Viewer, now: datetime) -> Step:
        """Move whoever is due among the next members."""
        after = int(run.cursor.get("after", 0))
        ahead = selectors.next_stretch(brand_id=run.brand_id, after=after, size=STRETCH)
        if ahead is None:
            counts = {**_counts({}), **run.cursor.get("counts", {})}
            return Step(done=run.done, total=run.done, result={"counts": counts}, finished=True)
        moved = services.move_stretch(
            brand_id=run.brand_id,
            after=after,
            until=ahead[0],
            terms=run.params["terms"],
            version=run.params["version"],
            now=now,
        )
        known, new = run.cursor.get("counts", {}), _counts(moved)
        counts = {name: known.get(name, 0) + number for name, number in new.items()}
        done = run.done + ahead[1]
        return Step(
            cursor={"after": ahead[0], "counts": counts},
            done=done,
            total=max(done, run.total or 0),
            result={"counts": counts},
        )

    def cancelled(self, *, run: RunView, actor: Viewer, now: datetime) -> None:
        """Leave the stages as far as the run came; what was done is right as it is."""


def _counts(moved: Counts) -> dict[str, int]:
    counts = {"advanced": 0, "back": 0, "dormant": 0, "lost": 0}
    for (from_stage, to_stage), number in moved.items():
        if to_stage in CLIMB:
            counts["back" if from_stage in SILENT else "advanced"] += number
        else:
            counts[{DORMANT: "dormant", LOST: "lost"}[to_stage]] += number
    return counts
