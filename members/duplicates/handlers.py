"""The run that looks for pairs: one stretch of members, for one reason, a step."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from core.runs.ports import RunWords, Step
from members.duplicates import finding
from members.duplicates.models import DuplicatePair
from members.profiles.models import Member

if TYPE_CHECKING:
    from core.kernel.access import Viewer
    from core.runs.ports import RunView

WORDS = RunWords(
    _("Duplicate members"),
    {"open": _("pairs to judge"), "forgotten": _("pairs that hold no more")},
    "users",
)


class FindHandler:
    """Finds pairs by what the brand knew when the run was started."""

    def step(self, *, run: RunView, actor: Viewer, now: datetime) -> Step:
        """Look through the next stretch."""
        as_of = datetime.fromisoformat(run.params["as_of"])
        known = run.cursor
        at = finding.Reached(known["part"], known["after"]) if known else finding.beginning()
        reached = finding.find(brand_id=run.brand_id, at=at, as_of=as_of)
        cursor = {"part": reached.part, "after": reached.after}
        if reached.part is not None:
            total = run.total
            if total is None:
                people = Member.objects.filter(brand_id=run.brand_id).count()
                total = finding.steps_for(members=people)
            return Step(cursor=cursor, done=run.done + 1, total=max(total, run.done + 1))
        forgotten = finding.forget(brand_id=run.brand_id, as_of=as_of)
        # Who sees a part of the brand is told of that part only.
        rows = DuplicatePair.objects.visible_to(actor).filter(state=DuplicatePair.State.OPEN)
        counts = {"open": rows.count()} | ({"forgotten": forgotten} if actor.is_brand_wide else {})
        return Step(
            cursor=cursor,
            done=run.done + 1,
            total=run.done + 1,
            result={"counts": counts},
            finished=True,
        )

    def cancelled(self, *, run: RunView, actor: Viewer, now: datetime) -> None:
        """Leave the pairs found so far; each of them is right."""
