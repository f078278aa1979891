from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from core.files.models import StoredFile
from core.kernel.access import Permission, Viewer
from core.runs import rules
from core.runs.models import Run
from core.runs.ports import words_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from django.utils.functional import _StrOrPromise


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A file that a run made, as the viewer may fetch it."""

    label: str
    file: StoredFile


@dataclass(frozen=True, slots=True)
class Count:
    """One number of a run's result, in words."""

    label: _StrOrPromise
    number: int


def may_control(*, run: Run, viewer: Viewer) -> bool:
    """Whether the viewer may pause, resume or cancel: who started it, or headquarters."""
    if viewer.staff_id is not None and run.requested_by_id == viewer.staff_id:
        return True
    return viewer.is_brand_wide and viewer.may(Permission.RUNS_CONTROL)


def pace_of(*, run: Run, now: datetime) -> rules.Pace:
    """Return how fast the run is going now; nothing for one that stands still."""
    if run.state != Run.State.RUNNING:
        return rules.Pace()
    return rules.pace(
        done=run.done,
        total=run.total,
        stint_done=run.stint_done,
        working=rules.worked(since=run.stint_started_at, until=now),
    )


def counts_of(*, run: Run) -> list[Count]:
    """Return the numbers of the result in the order the handler's words give them."""
    counts: dict[str, Any] = run.result.get("counts", {})
    words = words_of(run.kind).counts
    known = [Count(label, counts[name]) for name, label in words.items() if name in counts]
    return known + [
        Count(name.replace("_", " "), number)
        for name, number in counts.items()
        if name not in words and isinstance(number, int)
    ]


def files_of(*, run: Run, viewer: Viewer, now: datetime) -> list[ResultFile]:
    """Return the result's files that still exist and are the viewer's to fetch."""
    entries: dict[int, str] = {e["file_id"]: e["label"] for e in run.result.get("files", [])}
    if not entries:
        return []
    rows = StoredFile.objects.visible_to(viewer).filter(pk__in=entries, expires_at__gt=now)
    return [ResultFile(_(entries[file.pk]), file) for file in rows.order_by("pk")]


def running_of(*, viewer: Viewer, most: int) -> list[Run]:
    """Return what is open in the viewer's sight, the newest first."""
    return list(Run.objects.visible_to(viewer).open().order_by("-pk")[:most])


def count_open(*, viewer: Viewer, most: int = 99) -> int:
    """Return how many runs are queued or running in the viewer's sight, at most ``most``."""
    resting = [Run.State.PAUSED, Run.State.WAITING]
    rows = Run.objects.visible_to(viewer).open().exclude(state__in=resting)
    return rows.order_by()[:most].count()


def describe_runs(*, viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    """Return titles and addresses of runs for the audit trail."""
    rows = Run.objects.visible_to(viewer).filter(pk__in=ids)
    return {
        pk: (title, reverse("core:runs-detail", args=[pk]))
        for pk, title in rows.values_list("pk", "title")
    }
