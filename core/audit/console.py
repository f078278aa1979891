from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.utils.translation import gettext as _

from core.audit import listing, selectors
from core.audit.models import AuditCheck, AuditEntry, AuditLink
from core.kernel.access import Permission
from core.kernel.bells import ring
from core.kernel.console import ConsoleRequest, console, go_to, page_or_partial
from core.kernel.errors import NotFound
from core.kernel.paging import keyset_page
from core.saved_views import selectors as saved_views

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

PAGE_SIZE = 50
OF_SUBJECT_SIZE = 20
CHECK_BELL = "core.audit.tasks.check_chain"


@console(Permission.AUDIT_VIEW)
def audit_list(request: ConsoleRequest) -> HttpResponseBase:
    """List what happened, the newest first, and say how whole the record is."""
    form = listing.form_of(request.GET, request.viewer)
    page = keyset_page(
        listing.narrowed(viewer=request.viewer, form=form),
        order=listing.AUDIT.order_of(request.GET),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE_SIZE,
    )
    context = {
        "lines": selectors.lines_of(entries=page.rows, viewer=request.viewer),
        "filter_form": form,
        "views": saved_views.views_of(key="audit", viewer=request.viewer, query=request.GET),
        "next": page.next,
        "previous": page.previous,
    }
    if not request.htmx:
        context |= _chain_context(request)
    return page_or_partial(request, "core/audit/list.html", "core/audit/_list.html", context)


def _chain_context(request: ConsoleRequest) -> dict[str, Any]:
    """Return the state of the chain, for those who see the whole brand."""
    if not request.viewer.is_brand_wide:
        return {}
    return {
        "check": AuditCheck.objects.visible_to(request.viewer).order_by("-pk").first(),
        "head": selectors.head_of(brand_id=request.viewer.brand_id),
        "may_check": True,
    }


@console(Permission.AUDIT_VIEW)
def audit_detail(request: ConsoleRequest, entry_id: int) -> HttpResponseBase:
    """Show one entry with its data and its place in the chain."""
    entry = AuditEntry.objects.visible_to(request.viewer).filter(pk=entry_id).first()
    if entry is None:
        raise NotFound
    (line,) = selectors.lines_of(entries=[entry], viewer=request.viewer)
    context = {
        "id": "audit-entry",
        "line": line,
        "link": AuditLink.objects.visible_to(request.viewer).filter(entry_id=entry.pk).first(),
    }
    return page_or_partial(request, "core/audit/detail.html", "core/audit/drawer.html", context)


@console(Permission.AUDIT_VIEW)
def audit_of_subject(
    request: ConsoleRequest, subject_type: str, subject_id: int
) -> HttpResponseBase:
    """Answer who did what to one subject: the audit card of any detail page."""
    rows = AuditEntry.objects.visible_to(request.viewer).filter(
        subject_type=subject_type, subject_id=subject_id
    )
    page = keyset_page(rows, after=request.GET.get("after", ""), limit=OF_SUBJECT_SIZE)
    context = {
        "entries": selectors.lines_of(entries=page.rows, viewer=request.viewer),
        "next": page.next,
        "subject_type": subject_type,
        "subject_id": subject_id,
    }
    return render(request, "core/audit/_of_subject.html", context)


@console(Permission.AUDIT_VIEW, methods=["POST"])
def audit_check(request: ConsoleRequest) -> HttpResponseBase:
    """Have the whole chain verified in the background."""
    if not request.viewer.is_brand_wide:
        raise NotFound
    ring(CHECK_BELL, request.viewer.brand_id)
    messages.success(request, _("Verification started; the result stands here in a moment"))
    return go_to(request, "core:audit-list")
