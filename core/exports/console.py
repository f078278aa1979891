from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from core.api_keys.selectors import person_of
from core.exports import gate, rules, selectors, services
from core.exports.forms import DecisionForm, ExportForm
from core.exports.models import ExportRequest
from core.exports.rules import FileFormat
from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console, form_refusal, go_to, page_or_partial
from core.kernel.errors import InvalidInput, NotFound
from core.kernel.paging import keyset_page
from core.kernel.sizes import in_words
from core.lists import ports
from core.lists import selectors as lists
from core.retention.ports import EXPORT
from core.retention.selectors import lifetime_of
from core.runs.rules import UNITS

if TYPE_CHECKING:
    from datetime import datetime

    from django.http.response import HttpResponseBase

    from core.kernel.access import Viewer
    from core.lists.ports import ListSource

REFUSED = 422
PAGE_SIZE = 30
# What stands beside the filters in an address: what to export, and the page one was on.
NOT_FILTERS = ("list", "after", "before")


@console(Permission.RUNS_VIEW, methods=["GET", "POST"])
def exports_new(request: ConsoleRequest) -> HttpResponseBase:
    """Say what the file will hold, then have it written and lead to its progress."""
    key = request.GET.get("list", "")
    source = lists.known_list(key=key, viewer=request.viewer)
    query = _query(request)
    form = ExportForm(
        request.POST or None, columns=source.columns_for(request.viewer), auto_id="export_%s"
    )
    if request.method == "POST" and form.is_valid():
        needs_two = _asked(request, source, query, form)["needs_two"]
        try:
            run = services.start_export(
                list_key=key,
                query=query,
                columns=form.cleaned_data["columns"],
                file_format=FileFormat(form.cleaned_data["format"]),
                actor=request.viewer,
                now=timezone.now(),
            )
        except InvalidInput as refusal:
            form_refusal(form, refusal)
        else:
            messages.success(
                request,
                _("The rows are counted; then somebody else is asked to approve")
                if needs_two
                else _("The file is being written; fetch it here when it is done"),
            )
            return go_to(request, "core:runs-detail", run.pk)
    return page_or_partial(
        request,
        "core/exports/new.html",
        "core/exports/confirm.html",
        _asked(request, source, query, form),
        status=REFUSED if form.is_bound else 200,
    )


def _query(request: ConsoleRequest) -> QueryDict:
    query = request.GET.copy()
    for name in NOT_FILTERS:
        query.pop(name, None)
    return query


def _asked(
    request: ConsoleRequest, source: ListSource, query: QueryDict, form: ExportForm
) -> dict[str, Any]:
    viewer, now = request.viewer, timezone.now()
    person = person_of(viewer)
    taken = gate.taken_today(brand_id=viewer.brand_id, person=person, now=now)
    kept = lists.narrowing(source=source, query=query, viewer=viewer)
    size = lists.size_of_list(source=source, query=kept, viewer=viewer, now=now)
    return {
        "id": "export",
        "form": form,
        "heading": _("Export %(list)s?") % {"list": source.label},
        "size": in_words(size, UNITS.get(source.unit, source.unit)),
        "is_empty": not size.number,
        "filters": lists.filters_in_words(source=source, query=kept, viewer=viewer),
        "action": request.get_full_path(),
        "days": lifetime_of(brand_id=viewer.brand_id, kind=EXPORT).days,
        "needs_two": source.is_personal and size.number + taken > rules.ALONE,
        "most_alone": rules.ALONE,
        "taken": taken,
    }


@console(Permission.EXPORTS_APPROVE)
def export_approvals_list(request: ConsoleRequest) -> HttpResponseBase:
    """List the exports that await a second person, or those that were decided."""
    waiting, now = request.GET.get("state") != "decided", timezone.now()
    page = keyset_page(
        selectors.requests_for(viewer=request.viewer, waiting=waiting, now=now),
        order="-id",
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE_SIZE,
    )
    choices = [
        ("?", _("Awaiting approval"), waiting),
        ("?state=decided", _("Decided"), not waiting),
    ]
    context = {
        "rows": [_shown(row, request.viewer, now) for row in page.rows],
        "next": page.next,
        "previous": page.previous,
        "waiting": waiting,
        "views": [
            {"url": url, "label": label, "count": None, "is_current": is_current}
            for url, label, is_current in choices
        ],
    }
    return page_or_partial(
        request, "core/exports/approvals.html", "core/exports/_approvals.html", context
    )


def _shown(row: ExportRequest, viewer: Viewer, now: datetime) -> dict[str, Any]:
    source = ports.source_of(row.list_key)
    return {
        "asked": row,
        "list": source.label if source is not None else row.list_key,
        "may_decide": selectors.may_decide(row=row, viewer=viewer, now=now),
        "state": "lapsed" if row.state == "waiting" and row.lapses_at <= now else row.state,
    }


@console(Permission.EXPORTS_APPROVE, methods=["GET", "POST"])
def export_approvals_detail(request: ConsoleRequest, request_id: int) -> HttpResponseBase:
    """Show what somebody wants to take away; say yes or no, with the reason."""
    rows = ExportRequest.objects.needing_two().visible_to(request.viewer).select_related("run")
    row = rows.filter(pk=request_id).first()
    if row is None:
        raise NotFound
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        act = services.approve if form.cleaned_data["decision"] == "approve" else services.refuse
        act(
            request_id=row.pk,
            reason=form.cleaned_data["reason"],
            actor=request.viewer,
            now=timezone.now(),
        )
        messages.success(
            request,
            _("Approved: the file is being written")
            if form.cleaned_data["decision"] == "approve"
            else _("Refused; whoever asked reads why"),
        )
        return go_to(request, "core:export-approvals-detail", row.pk)
    context = _shown(row, request.viewer, timezone.now()) | {
        "form": form,
        "columns": selectors.columns_in_words(row=row, viewer=request.viewer),
        "is_own": row.requested_by_id == request.viewer.staff_id,
        "dealers": None if row.run.dealer_ids is None else len(row.run.dealer_ids),
        "growth": rules.GROWTH,
    }
    status = REFUSED if form.is_bound else 200
    return render(request, "core/exports/approval.html", context, status=status)
