from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.kernel import formats
from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console, form_refusal, go_to, page_or_partial
from core.kernel.errors import DomainError, NotFound
from core.kernel.paging import keyset_page
from core.saved_views import selectors as saved_views
from members.erasure import listing, selectors, services
from members.erasure.forms import EraseForm, GraceForm
from members.erasure.models import Erasure
from members.profiles.models import Member

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

PAGE_SIZE, REFUSED = 30, 422


@console(Permission.MEMBERS_ERASE)
def erasures_list(request: ConsoleRequest) -> HttpResponseBase:
    """List deletions, the newest first; what is left of somebody who was deleted is a line here."""
    viewer, now = request.viewer, timezone.now()
    page = keyset_page(
        listing.rows(viewer=viewer, query=request.GET, now=now),
        order="-id",
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE_SIZE,
    )
    context = {
        "rows": page.rows,
        "next": page.next,
        "previous": page.previous,
        "filter_form": listing.form_of(request.GET, viewer),
        "views": saved_views.views_of(key="erasures", viewer=viewer, query=request.GET),
        "grace_days": selectors.grace_days(brand_id=viewer.brand_id),
        "may_set": viewer.is_brand_wide,
    }
    return page_or_partial(
        request, "members/erasure/list.html", "members/erasure/_list.html", context
    )


@console(Permission.MEMBERS_ERASE, methods=("GET", "POST"))
def erasures_new(request: ConsoleRequest, member_id: int) -> HttpResponseBase:
    """Ask for a member's deletion; the person types the name, since it cannot be undone."""
    member = Member.objects.visible_to(request.viewer).filter(pk=member_id).first()
    if member is None:
        raise NotFound
    form = EraseForm(request.POST or None, auto_id="erase_%s")
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            made = services.request_erasure(
                member=member,
                typed_name=values["name"],
                reason=values["reason"],
                note=values["note"],
                actor=request.viewer,
                now=timezone.now(),
            )
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            messages.success(request, _told(made))
            return go_to(request, "members:erasures-list")
    context = {
        "id": "erase",
        "form": form,
        "member": member,
        "action": request.path,
        "grace_days": selectors.grace_days(brand_id=member.brand_id),
        "preview": selectors.preview(member=member, now=timezone.now()),
    }
    status = REFUSED if form.is_bound else 200
    return page_or_partial(
        request, "members/erasure/new.html", "members/erasure/_new.html", context, status
    )


@console(Permission.MEMBERS_ERASE, methods=("POST",))
def erasures_withdraw(request: ConsoleRequest, erasure_id: int) -> HttpResponseBase:
    """Take a deletion back that still waits."""
    erasure = Erasure.objects.visible_to(request.viewer).filter(pk=erasure_id).first()
    if erasure is None:
        raise NotFound
    services.withdraw(erasure=erasure, actor=request.viewer, now=timezone.now())
    messages.success(request, _("Deletion taken back; the member stays"))
    return go_to(request, "members:members-detail", erasure.member_id)


@console(Permission.MEMBERS_ERASE, methods=("GET", "POST"))
def erasures_grace(request: ConsoleRequest) -> HttpResponseBase:
    """Say how long deletions of the brand wait."""
    viewer = request.viewer
    held = selectors.grace_days(brand_id=viewer.brand_id)
    form = GraceForm(request.POST or None, initial={"grace_days": held}, auto_id="grace_%s")
    if request.method == "POST" and form.is_valid():
        days = form.cleaned_data["grace_days"]
        try:
            services.change_grace(days=days, actor=viewer, now=timezone.now())
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            messages.success(request, _("Saved"))
            return go_to(request, "members:erasures-list")
    context = {
        "id": "grace",
        "form": form,
        "heading": _("How long deletions wait"),
        "action": reverse("members:erasures-grace"),
    }
    status = REFUSED if form.is_bound else 200
    return page_or_partial(
        request, "members/erasure/grace.html", "members/erasure/_grace.html", context, status
    )


def _told(made: Erasure) -> str:
    if made.state == Erasure.State.WAITING:
        due = formats.exact(made.due_at)
        return _("The member will be deleted from %(due)s on") % {"due": due}
    return _("The member is being deleted")
