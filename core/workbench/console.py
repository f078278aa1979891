from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import render
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _

from core.kernel.console import ConsoleRequest, console
from core.kernel.navigation import url_of
from core.workbench import ports
from core.workbench.ports import Urgency

if TYPE_CHECKING:
    from datetime import datetime

    from django.http.response import HttpResponseBase


@console()
def workbench(request: ConsoleRequest) -> HttpResponseBase:
    """Show what needs the viewer, then how their scope is doing."""
    now = timezone.now()
    local = timezone.localtime(now)
    acts = [(act, url_of(act.url_name)) for act in ports.acts_for(request.viewer)]
    context = _todo_context(request, now) | {
        "greeting": _greeting(local.hour),
        # Translators: the day and time on the workbench, in Django's date format
        "today": format_date(local, _("D j M H:i")),
        "acts": [(act, url) for act, url in acts if url],
        "panels": ports.panels_for(request.viewer, now),
    }
    return render(request, "core/workbench/index.html", context)


@console()
def workbench_todo(request: ConsoleRequest) -> HttpResponseBase:
    """Answer the list of what waits, asked for again every half minute."""
    return render(request, "core/workbench/_todo.html", _todo_context(request, timezone.now()))


@console()
def workbench_health(request: ConsoleRequest) -> HttpResponseBase:
    """Answer the figures, which may take longer than the page should wait."""
    figures = ports.figures_for(request.viewer, timezone.now())
    return render(request, "core/workbench/_health.html", {"figures": figures})


def _todo_context(request: ConsoleRequest, now: datetime) -> dict[str, Any]:
    todos = ports.todos_for(request.viewer, now)
    headings = {
        Urgency.NOW: (_("Now"), _("Owners notice if this waits")),
        Urgency.TODAY: (_("Today"), ""),
        Urgency.SOON: (_("When there is time"), ""),
    }
    groups = [
        {"urgency": urgency, "heading": heading, "hint": hint, "todos": found}
        for urgency, (heading, hint) in headings.items()
        if (found := [todo for todo in todos if todo.urgency == urgency])
    ]
    urgent = sum(todo.urgency == Urgency.NOW for todo in todos)
    return {"todo_groups": groups, "todo_count": len(todos), "urgent_count": urgent}


def _greeting(hour: int) -> str:
    if 5 <= hour < 11:
        return _("Good morning")
    if 11 <= hour < 13:
        return _("Good day")
    if 13 <= hour < 18:
        return _("Good afternoon")
    return _("Good evening")
