from __future__ import annotations

import csv
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.kernel import formats
from core.kernel.access import Permission
from core.kernel.console import (
    ConsoleRequest,
    console,
    form_refusal,
    form_status,
    go_to,
    page_or_partial,
)
from core.kernel.errors import DomainError, NotFound
from core.kernel.paging import keyset_page
from members.lifecycle import presenting, selectors, services
from members.lifecycle.forms import PolicyForm, StageForm
from members.lifecycle.models import StageChange
from members.lifecycle.selectors import WINDOWS
from members.profiles.models import Member

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

    from core.kernel.access import Viewer

USUAL_WINDOW, HISTORY_PAGE = 90, 30
REFUSED = 422


@console(Permission.MEMBERS_VIEW)
def lifecycle_board(request: ConsoleRequest) -> HttpResponseBase:
    """Show how members flow between stages; how many are in each, the page asks for by itself."""
    viewer, now, days = request.viewer, timezone.now(), _window(request)
    flows = selectors.flows(viewer=viewer, since=now - timedelta(days=days))
    held = selectors.in_force(brand_id=viewer.brand_id)
    may_edit = viewer.may(Permission.POLICIES_EDIT) and viewer.is_brand_wide
    context = {
        "days": days,
        "windows": [(each, each == days) for each in WINDOWS],
        "flows": presenting.table(flows),
        "total": sum(flow.count for flow in flows),
        "drawings": [
            ("hide-m", presenting.draw(flows, presenting.WIDE)),
            ("only-m-block", presenting.draw(flows, presenting.NARROW)),
        ],
        "terms": held.terms,
        "version": held.version,
        "run": selectors.newest_run(brand_id=viewer.brand_id) if viewer.is_brand_wide else None,
        "may_edit": may_edit,
    }
    return page_or_partial(
        request, "members/lifecycle/board.html", "members/lifecycle/_flows.html", context
    )


@console(Permission.MEMBERS_VIEW)
def lifecycle_stages(request: ConsoleRequest) -> HttpResponseBase:
    """Answer how many members are in each stage: a count of everybody, so not of the page."""
    stages = selectors.board(viewer=request.viewer, now=timezone.now())
    context = {"columns": presenting.columns(stages)}
    return render(request, "members/lifecycle/_stages.html", context)


@console(Permission.MEMBERS_VIEW)
def lifecycle_flows(request: ConsoleRequest) -> HttpResponseBase:
    """Answer the flows between stages as a file."""
    days = _window(request)
    since = timezone.now() - timedelta(days=days)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="lifecycle-flows-{days}.csv"'
    response.write("\ufeff")  # Spreadsheets take a file without this mark for another encoding.
    writer = csv.writer(response)
    writer.writerow([_("From stage"), _("To stage"), _("Changes")])
    for line in presenting.table(selectors.flows(viewer=request.viewer, since=since)):
        writer.writerow([line["from"], line["to"], line["count"]])
    return response


def _window(request: ConsoleRequest) -> int:
    text = request.GET.get("days", "")
    known = {str(days): days for days in WINDOWS}
    return known.get(text, USUAL_WINDOW)


@console(Permission.POLICIES_EDIT, methods=("GET", "POST"))
def lifecycle_rules(request: ConsoleRequest) -> HttpResponseBase:
    """Change the rules; first shown is whom they would move."""
    viewer, now = request.viewer, timezone.now()
    services.require_editor(viewer)
    held = selectors.in_force(brand_id=viewer.brand_id)
    form = PolicyForm.of(held, request.POST or None)
    if request.method != "POST":
        return _rules_page(request, form)
    if not form.is_valid():
        return _rules_page(request, form)
    if "preview" in request.POST:
        return _previewed(request, form)
    values = dict(form.cleaned_data)
    version = values.pop("version")
    try:
        services.save_policy(changes=values, version=version, actor=viewer, now=now)
    except DomainError as refusal:
        form_refusal(form, refusal)
        return _rules_page(request, form)
    if "apply" in request.POST:
        run = services.move_everybody(actor=viewer, now=now)
        return go_to(request, "core:runs-detail", run.pk)
    messages.success(request, _("Rules saved; members are moved tonight"))
    return go_to(request, "members:lifecycle-board")


def _previewed(request: ConsoleRequest, form: PolicyForm) -> HttpResponseBase:
    changes = form.terms.as_dict()
    try:
        effect = services.try_policy(changes=changes, actor=request.viewer, now=timezone.now())
    except DomainError as refusal:
        form_refusal(form, refusal)
        return _rules_page(request, form)
    shown = {"moves": presenting.moves_in_words(effect), "is_estimate": effect.is_estimate}
    shown |= {"sum_now": effect.now, "sum_then": effect.then}
    return _rules_page(request, form, preview=shown)


def _rules_page(
    request: ConsoleRequest,
    form: PolicyForm,
    *,
    preview: dict[str, Any] | None = None,
) -> HttpResponseBase:
    context = {
        "form": form,
        "preview": preview,
        "versions": selectors.versions(brand_id=request.viewer.brand_id)[:10],
        "action": reverse("members:lifecycle-rules"),
        "back": reverse("members:lifecycle-board"),
    }
    full, part = "members/lifecycle/rules.html", "members/lifecycle/_rules.html"
    return page_or_partial(request, full, part, context, form_status(form))


@console(Permission.POLICIES_EDIT, methods=("POST",))
def lifecycle_apply(request: ConsoleRequest) -> HttpResponseBase:
    """Have the rules applied to everybody now and lead to the progress."""
    run = services.move_everybody(actor=request.viewer, now=timezone.now())
    return go_to(request, "core:runs-detail", run.pk)


@console(Permission.MEMBERS_EDIT, methods=("GET", "POST"))
def lifecycle_change(request: ConsoleRequest, member_id: int) -> HttpResponseBase:
    """Put one member into another stage, in a drawer."""
    member = _member(request.viewer, member_id)
    form = StageForm(request.POST or None, stage=member.stage, auto_id="stage_%s")
    if request.method == "POST" and form.is_valid():
        try:
            services.change_by_hand(
                member=member, **form.cleaned_data, actor=request.viewer, now=timezone.now()
            )
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            messages.success(request, _("Stage changed"))
            return go_to(request, "members:members-detail", member.pk)
    context = {
        "id": "stage-drawer",
        "form": form,
        "member": member,
        "heading": _("Change the stage"),
        "button": _("Change stage"),
        "action": request.path,
        "back": reverse("members:members-detail", args=[member.pk]),
    }
    status = REFUSED if form.is_bound else 200
    return page_or_partial(
        request,
        "members/lifecycle/change.html",
        "members/lifecycle/_change.html",
        context,
        status,
    )


@console(Permission.MEMBERS_VIEW)
def lifecycle_history(request: ConsoleRequest, member_id: int) -> HttpResponseBase:
    """List every change of a member's stage, the newest first."""
    member = _member(request.viewer, member_id)
    page = keyset_page(
        StageChange.objects.visible_to(request.viewer).filter(member_id=member.pk),
        order="-at",
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=HISTORY_PAGE,
    )
    context = {
        "member": member,
        "name": formats.masked_name(member.display_name),
        "changes": presenting.told(page.rows, member.brand_id),
        "next": page.next,
        "previous": page.previous,
    }
    return render(request, "members/lifecycle/history.html", context)


def _member(viewer: Viewer, member_id: int) -> Member:
    member = Member.objects.visible_to(viewer).filter(pk=member_id).first()
    if member is None:
        raise NotFound
    return member
