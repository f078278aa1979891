"""What tasks put on the workbench: the running ones, and those that need a person."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from core.kernel.formats import grouped
from core.runs import selectors
from core.runs.models import Run
from core.runs.ports import words_of
from core.runs.presenting import shown
from core.workbench.ports import Panel, Todo, Urgency

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.kernel.access import Viewer

MOST_SHOWN = 5
# A refusal is news for a day; after that it is history.
NEWS = timedelta(days=1)
PANEL_SIZE = 5


def stuck_runs(*, viewer: Viewer, now: datetime) -> Sequence[Todo]:
    """Find tasks that broke or wait for somebody to let them go on."""
    rows = Run.objects.visible_to(viewer)
    broken = rows.filter(state=Run.State.FAILED, can_resume=True).order_by("-pk")[:MOST_SHOWN]
    refused = rows.filter(
        state=Run.State.FAILED,
        can_resume=False,
        requested_by_id=viewer.staff_id,
        finished_at__gt=now - NEWS,
    ).order_by("-pk")[:MOST_SHOWN]
    paused = rows.filter(state=Run.State.PAUSED).order_by("-pk")[:MOST_SHOWN]
    return [
        *(_broken(run, viewer) for run in broken),
        *(_refused(run) for run in refused),
        *(_paused(run, viewer) for run in paused),
    ]


def _broken(run: Run, viewer: Viewer) -> Todo:
    return Todo(
        title=_("%(title)s broke off") % {"title": run.title},
        detail=_("%(how_far)s done; going on repeats nothing") % {"how_far": _how_far(run)},
        url=reverse("core:runs-detail", args=[run.pk]),
        action=_("See why"),
        urgency=Urgency.NOW,
        tone="bad",
        **_go_on(run, viewer),
    )


def _refused(run: Run) -> Todo:
    return Todo(
        title=_("%(title)s was refused") % {"title": run.title},
        detail=run.error,
        url=reverse("core:runs-detail", args=[run.pk]),
        action=_("See why"),
        icon=words_of(run.kind).icon,
        tone="bad",
    )


def _paused(run: Run, viewer: Viewer) -> Todo:
    return Todo(
        title=_("%(title)s is paused") % {"title": run.title},
        detail=_("%(how_far)s done; going on repeats nothing") % {"how_far": _how_far(run)},
        url=reverse("core:runs-detail", args=[run.pk]),
        action=_("See task"),
        icon="pause",
        tone="warn",
        **_go_on(run, viewer),
    )


def _go_on(run: Run, viewer: Viewer) -> dict[str, Any]:
    if not selectors.may_control(run=run, viewer=viewer):
        return {}
    return {"post_url": reverse("core:runs-resume", args=[run.pk]), "post_action": _("Go on")}


def _how_far(run: Run) -> str:
    done = grouped(run.done)
    return f"{done} / {grouped(run.total)}" if run.total is not None else done


def running_panel(*, viewer: Viewer, now: datetime) -> Panel:
    """Draw the card of running tasks."""
    runs = selectors.running_of(viewer=viewer, most=PANEL_SIZE)
    return Panel("core/runs/_panel.html", {"rows": [shown(run=run, now=now) for run in runs]})
