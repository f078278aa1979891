"""The run that takes a snapshot: one step, so that it is of one moment, whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from core.runs.ports import RunWords, Step
from members.snapshots import services
from members.snapshots.models import Snapshot

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer
    from core.runs.ports import RunView

WORDS = RunWords(
    _("Snapshot of a segment"),
    {
        "people": _("people in the segment"),
        "plus": _("joined since the snapshot before"),
        "minus": _("left since the snapshot before"),
    },
    "history",
)


class SnapshotRun:
    """See ``core.runs.ports.RunHandler``."""

    def step(self, *, run: RunView, actor: Viewer, now: datetime) -> Step:
        """Freeze the members as they are now."""
        number = run.params["snapshot_id"]
        held = Snapshot.objects.filter(brand_id=run.brand_id, pk=number).first()
        if held is None or held.taken_at is not None:
            return Step(finished=True)
        taken = services.freeze(snapshot=held, actor=actor, now=now)
        people = taken.member_count or 0
        counts = {"people": people, "plus": taken.plus_count, "minus": taken.minus_count}
        told = {name: number for name, number in counts.items() if number is not None}
        return Step(done=people, total=people, result={"counts": told}, finished=True)

    def cancelled(self, *, run: RunView, actor: Viewer, now: datetime) -> None:
        """Leave no snapshot behind that holds nobody."""
        services.abandon(snapshot_id=run.params["snapshot_id"], brand_id=run.brand_id)
