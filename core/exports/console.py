from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from core.exports import services
from core.exports.forms import ExportForm
from core.exports.rules import FileFormat
from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console, form_refusal, go_to, page_or_partial
from core.kernel.errors import InvalidInput
from core.kernel.sizes import in_words
from core.lists import selectors as lists
from core.runs.presenting import UNITS

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

    from core.lists.ports import ListSource

REFUSED = 422
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
            messages.success(request, _("The file is being written; fetch it here when it is done"))
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
        "days": services.LIFETIME.days,
    }
