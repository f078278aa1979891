from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console, go_to, page_or_partial, ticked
from core.kernel.errors import Forbidden, NotFound
from core.kernel.feedback import done
from core.kernel.paging import keyset_page
from core.runs import listing, selectors, services
from core.runs.forms import RunFilterForm
from core.runs.models import Run
from core.runs.ports import note_provider_of
from core.runs.presenting import shown
from core.runs.workbench import running_panel
from core.saved_views import selectors as saved_views

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

PAGE_SIZE = 30


@console(Permission.RUNS_VIEW)
def runs_list(request: ConsoleRequest) -> HttpResponseBase:
    """List background tasks, the newest first."""
    now = timezone.now()
    form = RunFilterForm(request.GET)
    page = keyset_page(
        listing.narrowed(viewer=request.viewer, form=form),
        order=listing.RUNS.order_of(request.GET),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE_SIZE,
    )
    context = {
        "rows": [shown(run=run, now=now) for run in page.rows],
        "filter_form": form,
        "next": page.next,
        "previous": page.previous,
        "views": saved_views.views_of(
            key="tasks", viewer=request.viewer, query=request.GET, usual=_views(request)
        ),
        "columns": [
            ("c-state", _("State")),
            ("c-progress", _("Progress")),
            ("c-by", _("Started by")),
        ],
        "bulk_actions": [
            {"label": _("Cancel…"), "url": reverse("core:runs-cancel-several"), "icon": "stop"}
        ],
        "live": any(run.state in Run.OPEN_STATES for run in page.rows),
    }
    return page_or_partial(request, "core/runs/list.html", "core/runs/_list.html", context)


def _views(request: ConsoleRequest) -> list[dict[str, Any]]:
    """Return the usual questions as ready queries."""
    asked = {name: request.GET.get(name, "") for name in ("who", "state", "kind")}
    usual = [
        (_("All tasks"), {}),
        (_("Started by me"), {"who": "me"}),
        (_("In progress"), {"state": "open"}),
        (_("Failed"), {"state": "failed"}),
    ]
    return [
        {
            "url": "?" + "&".join(f"{name}={value}" for name, value in query.items()),
            "label": label,
            "count": None,
            "is_current": {k: v for k, v in asked.items() if v} == query,
        }
        for label, query in usual
    ]


@console(Permission.RUNS_VIEW)
def runs_detail(request: ConsoleRequest, run_id: int) -> HttpResponseBase:
    """Show one task: how far it is, what it found, what can be done with it."""
    context = _detail_context(request, _fetch(request, run_id))
    return page_or_partial(request, "core/runs/detail.html", "core/runs/_state.html", context)


def _detail_context(request: ConsoleRequest, run: Run) -> dict[str, Any]:
    now, noting = timezone.now(), note_provider_of(run.kind)
    return {
        "note": noting(run=run, viewer=request.viewer, now=now) if noting else None,
        "row": shown(run=run, now=now),
        "run": run,
        "poll_url": reverse("core:runs-detail", args=[run.pk]) if run.is_open else "",
        "may_control": selectors.may_control(run=run, viewer=request.viewer),
        "may_audit": request.viewer.may(Permission.AUDIT_VIEW),
        "counts": selectors.counts_of(run=run),
        "files": selectors.files_of(run=run, viewer=request.viewer, now=now),
    }


def _fetch(request: ConsoleRequest, run_id: int) -> Run:
    run = Run.objects.visible_to(request.viewer).filter(pk=run_id).first()
    if run is None:
        raise NotFound
    return run


def _fetch_to_control(request: ConsoleRequest, run_id: int) -> Run:
    run = _fetch(request, run_id)
    if not selectors.may_control(run=run, viewer=request.viewer):
        raise Forbidden
    return run


@console(Permission.RUNS_VIEW, methods=["POST"])
def runs_pause(request: ConsoleRequest, run_id: int) -> HttpResponseBase:
    """Let the task stop after its present step."""
    return _ask(request, run_id, Run.Asked.PAUSE)


@console(Permission.RUNS_VIEW, methods=["GET", "POST"])
def runs_cancel(request: ConsoleRequest, run_id: int) -> HttpResponseBase:
    """Ask, then end the task after its present step."""
    if request.method == "POST":
        return _ask(request, run_id, Run.Asked.CANCEL)
    run = _fetch_to_control(request, run_id)
    context = {
        "id": "cancel-run",
        "heading": _("Cancel %(title)s?") % {"title": run.title},
        "text": _("What it has done so far stays; the rest is not done. This cannot be undone."),
        "action": reverse("core:runs-cancel", args=[run.pk]),
        "button": _("Cancel task"),
        "danger": True,
    }
    return render(request, "components/confirm.html", context)


@console(Permission.RUNS_VIEW, methods=["POST"])
def runs_cancel_several(request: ConsoleRequest) -> HttpResponseBase:
    """Ask about the tasks ticked in the list, then end those that are still open."""
    runs = Run.objects.visible_to(request.viewer).open().filter(pk__in=ticked(request))
    mine = [run for run in runs if selectors.may_control(run=run, viewer=request.viewer)]
    if "sure" in request.POST:
        number = services.cancel_several(
            run_ids=[run.pk for run in mine], actor=request.viewer, now=timezone.now()
        )
        text = ngettext("%(n)s task cancelled", "%(n)s tasks cancelled", number) % {"n": number}
        return done(text=text, close=True, changed="tasks-changed")
    number = len(mine)
    count = {"n": number}
    context = {
        "id": "cancel-runs",
        "heading": ngettext("Cancel %(n)s task?", "Cancel %(n)s tasks?", number) % count,
        "text": _("What they have done so far stays; the rest is not done. Cannot be undone."),
        "effects": [run.title for run in mine],
        "warning": "" if mine else _("None of these is open and yours to end."),
        "fields": [("sure", "1"), *(("id", run.pk) for run in mine)],
        "action": reverse("core:runs-cancel-several"),
        "button": ngettext("Cancel %(n)s task", "Cancel %(n)s tasks", number) % count,
        "danger": True,
    }
    return render(request, "components/confirm.html", context)


def _ask(request: ConsoleRequest, run_id: int, wish: Run.Asked) -> HttpResponseBase:
    run = _fetch_to_control(request, run_id)
    run = services.ask(run_id=run.pk, wish=wish, actor=request.viewer, now=timezone.now())
    if run.state == Run.State.PAUSED:
        messages.success(request, _("Task paused"))
    elif run.state == Run.State.CANCELLED:
        messages.success(request, _("Task cancelled"))
    else:
        messages.success(request, _("The task stops after its present step"))
    return go_to(request, "core:runs-detail", run.pk)


@console(Permission.RUNS_VIEW, methods=["POST"])
def runs_resume(request: ConsoleRequest, run_id: int) -> HttpResponseBase:
    """Let a paused or interrupted task go on."""
    run = _fetch_to_control(request, run_id)
    services.resume(run_id=run.pk, actor=request.viewer, now=timezone.now())
    messages.success(request, _("The task goes on where it stopped"))
    return go_to(request, "core:runs-detail", run.pk)


@console(Permission.RUNS_VIEW)
def runs_badge(request: ConsoleRequest) -> HttpResponseBase:
    """Answer the number on the tasks icon of the top bar."""
    context = {
        "count": selectors.count_open(viewer=request.viewer),
        "poll_url": reverse("core:runs-badge"),
    }
    return render(request, "components/tasks_badge.html", context)


@console(Permission.RUNS_VIEW)
def runs_panel(request: ConsoleRequest) -> HttpResponseBase:
    """Answer the workbench's card of running tasks."""
    panel = running_panel(viewer=request.viewer, now=timezone.now())
    return render(request, panel.template, {"panel": panel.context})
