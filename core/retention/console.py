from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console, form_refusal, go_to, page_or_partial
from core.kernel.errors import DomainError, Forbidden, NotFound
from core.retention import selectors, services
from core.retention.forms import RuleForm
from core.retention.ports import kinds

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

REFUSED = 422


@console(Permission.PRIVACY_VIEW)
def retention(request: ConsoleRequest) -> HttpResponseBase:
    """Show each rule, and what the coming night would empty by it."""
    viewer = request.viewer
    if not viewer.is_brand_wide:
        raise Forbidden(_("Only who sees the whole brand may see this."))
    context = {
        "lines": selectors.lines(brand_id=viewer.brand_id, now=timezone.now()),
        "may_edit": viewer.may(Permission.PRIVACY_EDIT),
    }
    return render(request, "core/retention/page.html", context)


@console(Permission.PRIVACY_EDIT, methods=("GET", "POST"))
def retention_edit(request: ConsoleRequest, kind: str) -> HttpResponseBase:
    """Set after how many days a kind of data is emptied."""
    retained = kinds().get(kind)
    if retained is None:
        raise NotFound
    held = selectors.days_of(brand_id=request.viewer.brand_id)[kind]
    form = RuleForm(
        request.POST or None, least=retained.least, most=retained.most, initial={"days": held}
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.change_rule(
                kind=kind, **form.cleaned_data, actor=request.viewer, now=timezone.now()
            )
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            messages.success(request, _("Rule saved; it holds from tonight on"))
            return go_to(request, "core:retention")
    context = {
        "id": "retention-rule",
        "form": form,
        "effect": retained.effect,
        "heading": retained.label,
        "button": _("Save rule"),
        "action": request.path,
        "back": reverse("core:retention"),
    }
    return page_or_partial(
        request,
        "core/retention/edit.html",
        "core/retention/_edit.html",
        context,
        REFUSED if form.errors else 200,
    )
