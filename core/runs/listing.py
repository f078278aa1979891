"""The list of tasks, as its page, its file and its saved views know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from core.kernel.access import Permission
from core.kernel.badges import state_badge
from core.lists.ports import Column, ListSource
from core.runs import presenting
from core.runs.forms import RunFilterForm
from core.runs.models import Run
from core.runs.ports import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from core.kernel.access import Viewer


def form_of(query: Any, _viewer: Viewer) -> RunFilterForm:
    """Return the filters of an address."""
    return RunFilterForm(query)


def rows(*, viewer: Viewer, query: Any, now: datetime) -> QuerySet[Run]:
    """Return the tasks that an address means."""
    return narrowed(viewer=viewer, form=form_of(query, viewer))


def narrowed(*, viewer: Viewer, form: RunFilterForm) -> QuerySet[Run]:
    """Return the tasks that fit the filters; none, where one cannot be read."""
    found = Run.objects.visible_to(viewer)
    if not form.is_valid():
        return found.none()
    if form.cleaned_data["who"] == "me":
        found = found.filter(requested_by_id=viewer.staff_id)
    if state := form.cleaned_data["state"]:
        found = found.filter(state__in=Run.OPEN_STATES if state == "open" else [state])
    if kind := form.cleaned_data["kind"]:
        found = found.filter(kind=kind)
    return found


def cells(runs: Sequence[Run], _viewer: Viewer) -> Iterator[list[Any]]:
    """Draw tasks."""
    for run in runs:
        yield [
            run.pk,
            run.title,
            str(words_of(run.kind).label),
            str(state_badge(presenting.state_of(run)).label),
            run.done,
            run.total,
            run.requested_by_label,
            run.created_at,
            run.finished_at,
        ]


RUNS = ListSource(
    label=_("Tasks"),
    place="core:runs-list",
    permission=Permission.RUNS_VIEW,
    form=form_of,
    rows=rows,
    columns=(
        Column("id", _("Number")),
        Column("title", _("Task")),
        Column("kind", _("Kind")),
        Column("state", _("State")),
        Column("done", _("Done")),
        Column("total", _("In all")),
        Column("by", _("Started by")),
        Column("started", _("Started")),
        Column("finished", _("Finished")),
    ),
    cells=cells,
    sorts={"started": "id", "-started": "-id"},
    is_personal=False,
)
