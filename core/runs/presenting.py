"""A run as templates show it: words instead of keys, a bar that tells the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse

from core.runs import selectors, services
from core.runs.models import Run
from core.runs.ports import RunWords, words_of
from core.runs.rules import TOLD_AS, UNITS

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.functional import _StrOrPromise

    from core.runs.rules import Pace

TONES = {
    Run.State.SUCCEEDED: "ok",
    Run.State.FAILED: "bad",
    Run.State.PAUSED: "warn",
    Run.State.WAITING: "warn",
}


@dataclass(frozen=True, slots=True)
class ShownRun:
    """What every list and page of tasks shows of one."""

    run: Run
    words: RunWords
    pace: Pace
    url: str
    unit: _StrOrPromise
    tone: str
    bar_total: int | None

    @property
    def broke(self) -> bool:
        """Whether it was set aside after breaking in one place again and again."""
        return self.run.error == services.INTERRUPTED

    @property
    def state(self) -> str:
        """The state's badge; a run that was asked to end says so."""
        if self.run.asked == Run.Asked.CANCEL:
            return "cancelling"
        return state_of(self.run)


def state_of(run: Run) -> str:
    """Return which badge tells a run's state: what was turned down did not break."""
    told = run.result.get("told_as")
    return told if run.state == Run.State.FAILED and told in TOLD_AS else str(run.state)


def shown(*, run: Run, now: datetime) -> ShownRun:
    """Return a run ready for a template."""
    # Work of unknown size moves while it is open; once it has ended, what was done is the whole.
    total = run.total if run.total is not None or run.is_open else max(run.done, 1)
    return ShownRun(
        run=run,
        words=words_of(run.kind),
        pace=selectors.pace_of(run=run, now=now),
        url=reverse("core:runs-detail", args=[run.pk]),
        unit=UNITS.get(run.unit, run.unit),
        tone=TONES.get(Run.State(run.state), ""),
        bar_total=total,
    )
