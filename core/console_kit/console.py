"""The kit page and the few addresses its examples talk to. Nothing here writes."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.contrib.staticfiles import finders
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from core.console_kit import rules
from core.console_kit.forms import SampleFilterForm, SampleRuleForm
from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console, page_or_partial
from core.kernel.feedback import done

if TYPE_CHECKING:
    from django.http import HttpResponse

_WEEKS = ("9/28", "10/5", "10/12", "10/19", "10/26", "11/2", "11/9", "11/16")
_JOINED = (9820, 8964, 10377, 13128, 11052, 11480, 11913, 12406)
_LEFT = (3742, 3511, 3806, 4420, 4018, 3927, 3874, 3865)
_COLORS = (
    *("primary", "primary-tint", "canvas", "surface", "sunken", "text"),
    *("ok-fill", "warn-fill", "bad-fill", "teal", "plum", "star"),
)
_STATES = ("draft", "scheduled", "running", "paused", "done", "awaiting_approval", "failed")
_KINDS = ("flash", "service", "conversion", "core")
_TOTAL = 38_552
_STEP = 1_900


@console(Permission.ORGANIZATION_EDIT)
def kit(request: ConsoleRequest) -> HttpResponse:
    """Show every component in all its states."""
    if request.htmx and request.htmx.target == "kit-list":
        return render(request, "kit/_list.html", _list(request))
    context = _words() | _figures() | _list(request) | _progress(25_104)
    context |= {"form": _refused_form(), "quiet": True, "icons": _icon_names()}
    context |= {"criteria": rules.criteria(), "tree": json.dumps(rules.SAMPLE_TREE)}
    return render(request, "kit/kit.html", context)


@console(Permission.ORGANIZATION_EDIT, methods=("POST",))
def kit_form(request: ConsoleRequest) -> HttpResponse:
    """Check the sample form: a refusal comes back with 422, a success as a toast."""
    form = SampleRuleForm(request.POST, request.FILES)
    if form.is_valid():
        return done(text=_("Rule saved"))
    return page_or_partial(request, "kit/kit.html", "kit/_form.html", {"form": form}, status=422)


@console(Permission.ORGANIZATION_EDIT, methods=("GET", "POST"))
def kit_drawer(request: ConsoleRequest) -> HttpResponse:
    """Bring the sample drawer, and save it."""
    form = SampleRuleForm(request.POST or None, request.FILES or None, auto_id="drawer_%s")
    if request.method == "POST" and form.is_valid():
        return done(
            text=_("Rule saved"), close=True, changed="kit-changed", undo=reverse("core:kit-undo")
        )
    status = 422 if form.is_bound else 200
    context = {"form": form, "id": "kit-drawer", "action": reverse("core:kit-drawer")}
    return render(request, "kit/_drawer.html", context, status=status)


@console(Permission.ORGANIZATION_EDIT, methods=("POST",))
def kit_undo(request: ConsoleRequest) -> HttpResponse:
    """Answer the undo of a toast."""
    return done(text=_("Taken back"))


@console(Permission.ORGANIZATION_EDIT)
def kit_progress(request: ConsoleRequest) -> HttpResponse:
    """Move the sample bar on; the last answer asks no more."""
    try:
        reached = int(request.GET.get("done", "0"))
    except ValueError as error:
        raise Http404 from error
    return render(request, "components/progress.html", _progress(min(_TOTAL, reached + _STEP)))


@console(Permission.ORGANIZATION_EDIT, methods=("POST",))
def kit_count(request: ConsoleRequest) -> HttpResponse:
    """Count the sample people who meet the posted tree."""
    context: dict[str, Any] = {
        "id": "kit-builder",
        "columns": (_("Random sample"), _("City"), _("Tags")),
    }
    try:
        tree = json.loads(request.POST["tree"])
        met = [person for person in rules.people() if rules.matches(tree, person)]
        alone = [
            sum(rules.matches(leaf, person) for person in rules.people())
            for leaf in rules.leaves(tree)
        ]
    except (ValueError, KeyError, TypeError):
        context["refusal"] = _("These conditions cannot be read.")
        return render(request, "components/builder/count.html", context, status=422)
    context |= {
        "count": len(met),
        "counts_json": json.dumps(alone),
        "sample": [(person.name, person.city, "、".join(person.tags)) for person in met[:3]],
    }
    return render(request, "components/builder/count.html", context)


def _list(request: ConsoleRequest) -> dict[str, Any]:
    form = SampleFilterForm(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    rows = rules.filtered(rules.people(), words=request.GET.get("q", ""), wanted=wanted)
    rows = rules.ordered(rows, request.GET.get("sort", "-seen_at"))
    start = rules.page_start(rows, after=request.GET.get("after"), before=request.GET.get("before"))
    page = rows[start : start + rules.PAGE_SIZE]
    return {
        "filter_form": form,
        "rows": page,
        "previous": str(page[0].id) if start and page else "",
        "next": str(page[-1].id) if start + len(page) < len(rows) else "",
        "summary": _("Rows %(from)d–%(to)d of %(all)d")
        % {"from": start + 1 if page else 0, "to": start + len(page), "all": len(rows)},
        "columns": (("c-city", _("City")), ("c-tags", _("Tags")), ("c-seen", _("Last active"))),
        "bulk_actions": [
            {"label": _("Tag"), "icon": "tag", "open": "#kit-confirm"},
            {"label": _("Add to a group"), "icon": "group", "open": "#kit-danger", "primary": True},
        ],
    }


def _progress(reached: int) -> dict[str, Any]:
    over = reached >= _TOTAL
    return {
        "id": "kit-progress",
        "heading": _("Placing members"),
        "unit": _("people"),
        "done": reached,
        "total": _TOTAL,
        "rate": _STEP // 2,
        "remaining": (_TOTAL - reached) * 2 // _STEP,
        "state": "done" if over else "running",
        "poll_url": "" if over else f"{reverse('core:kit-progress')}?done={reached}",
    }


def _refused_form() -> SampleRuleForm:
    data = {"name": "华东新车主", "cap": "260", "kind": "service", "welcome": "欢迎 {昵称}"}
    return SampleRuleForm(data | {"repeat": "once"})


def _words() -> dict[str, Any]:
    return {
        "colors": _COLORS,
        "states": _STATES,
        "kinds": _KINDS,
        "steps": (_("Choose a rule"), _("Preview"), _("Confirm"), _("Apply")),
        "timeline": (
            {"text": _("List locked: 48,216 people"), "when": "14:24:02", "state": "done"},
            {"text": _("Fill free seats in existing rooms"), "when": "271 / 312", "state": "now"},
            {"text": _("Collect last week's poll"), "when": "12:00", "state": "late"},
            {"text": _("Open new rooms and place"), "when": "0 / 54", "state": "wait"},
        ),
        "effects": (
            _("31,107 people join at once and get one welcome message"),
            _("63 staff get an invitation task"),
        ),
    }


def _figures() -> dict[str, Any]:
    chart = {
        "title": _("Joins and leaves per week"),
        "head": (_("Week"), _("Joined groups"), _("Left groups")),
        "rows": list(zip(_WEEKS, _JOINED, _LEFT, strict=True)),
        "caption": _("Up 8,541 this week: 12,406 joined, 3,865 left."),
    }
    days = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
    return {
        "charts": [chart | {"id": f"kit-{kind}", "kind": kind} for kind in ("line", "bars")],
        "trend": _JOINED,
        "fall": tuple(reversed(_LEFT)),
        "heat": [(day, rules.messages_by_hour(n)) for n, day in enumerate(days)],
    }


@lru_cache(maxsize=1)
def _icon_names() -> tuple[str, ...]:
    """Return the names in our sprite."""
    path = finders.find("console/icons.svg")
    if not path:
        return ()
    return tuple(re.findall(r'<symbol id="([^"]+)"', Path(str(path)).read_text()))
