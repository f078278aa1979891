from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.kernel import formats
from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console, form_refusal, go_to, page_or_partial
from core.kernel.errors import DomainError, NotFound
from core.kernel.paging import keyset_page
from core.saved_views import selectors as saved_views
from events.points import listing, presenting, rules, selectors, services
from events.points.forms import AdjustForm, ReverseForm
from members.profiles.models import Member

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http.response import HttpResponseBase

    from events.points.models import PointsEntry

PAGE_SIZE, REFUSED = 50, 422


@console(Permission.POINTS_VIEW)
def points_list(request: ConsoleRequest) -> HttpResponseBase:
    """List the movements of points of everybody in sight, the newest first."""
    viewer = request.viewer
    page = keyset_page(
        listing.rows_of_brand(viewer=viewer, query=request.GET, now=timezone.now()),
        order=listing.ENTRY_LIST.order_of(request.GET),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE_SIZE,
    )
    context = {
        "rows": presenting.lines_of(entries=page.rows, viewer=viewer),
        "filter_form": listing.form_of(request.GET, viewer),
        "next": page.next,
        "previous": page.previous,
        "views": saved_views.views_of(key="points-entries", viewer=viewer, query=request.GET),
        "columns": presenting.COLUMNS,
    }
    return page_or_partial(request, "events/points/list.html", "events/points/_list.html", context)


@console(Permission.POINTS_VIEW)
def points_of_member(request: ConsoleRequest, member_id: int) -> HttpResponseBase:
    """Show both balances of a member and every movement, the newest first."""
    viewer, member = request.viewer, _member(request, member_id)
    form = listing.form_of(request.GET, viewer)
    page = keyset_page(
        listing.narrowed(rows=selectors.entries_of(member=member), form=form),
        order=listing.MEMBER_ENTRIES.order,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE_SIZE,
    )
    context = {
        "member": member,
        "accounts": selectors.accounts_of(member=member),
        "rows": presenting.lines_of(entries=page.rows, viewer=viewer),
        "filter_form": form,
        "next": page.next,
        "previous": page.previous,
        "may_adjust": viewer.may(Permission.POINTS_EDIT),
    }
    name = "events/points"
    return page_or_partial(request, f"{name}/of_member.html", f"{name}/_entries.html", context)


@console(Permission.POINTS_EDIT, methods=("GET", "POST"))
def points_adjust(request: ConsoleRequest, member_id: int) -> HttpResponseBase:
    """Correct a balance by hand, with the reason."""
    member = _member(request, member_id)
    form = AdjustForm(
        request.POST if request.method == "POST" else None,
        initial={"ledger": "points", "token": uuid4()},
    )
    if request.method == "POST" and form.is_valid():
        wanted, now = _adjustment(form.cleaned_data), timezone.now()
        try:
            services.post(member=member, wanted=wanted, actor=request.viewer, now=now)
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            messages.success(request, _("Balance adjusted"))
            return go_to(request, "events:points-of-member", member.pk)
    context = {
        "id": "adjust-points",
        "member": member,
        "form": form,
        "accounts": selectors.accounts_of(member=member),
        "action": request.path,
        "back": reverse("events:points-of-member", args=[member.pk]),
    }
    name, status = "events/points", REFUSED if form.errors else 200
    return page_or_partial(
        request, f"{name}/adjust.html", f"{name}/adjust_drawer.html", context, status
    )


def _adjustment(given: Mapping[str, Any]) -> rules.Wanted:
    """Return what was filled in; the form's token makes it count once."""
    return rules.Wanted(
        given["ledger"],
        rules.ADJUST,
        given["amount"],
        rules.BY_HAND,
        str(given["token"]),
        given["reason"],
    )


@console(Permission.POINTS_EDIT, methods=("GET", "POST"))
def points_reverse(request: ConsoleRequest, entry_id: int) -> HttpResponseBase:
    """Take an entry back, once the effect was read and the reason given."""
    entry = _entry(request, entry_id)
    form = ReverseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.reverse(
                entry=entry, **form.cleaned_data, actor=request.viewer, now=timezone.now()
            )
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            messages.success(request, _("Entry reversed"))
            return go_to(request, "events:points-of-member", entry.member_id)
    left = services.what_is_left(entry=entry)
    back = -left if entry.amount > 0 else left
    context = {
        "id": f"reverse-{entry.pk}",
        "heading": _("Reverse this entry?"),
        "text": _("A new entry of %(signed)s is written; this one stays as it is.")
        % {"signed": presenting.signed(back)},
        "effects": [presenting.in_words(entry)],
        "questions": form,
        "button": _("Reverse %(n)s") % {"n": formats.grouped(abs(back))},
        "action": request.path,
        "back": reverse("events:points-of-member", args=[entry.member_id]),
        "danger": True,
    }
    return _dialog(request, context, REFUSED if form.errors else 200)


@console(Permission.POINTS_EDIT, methods=("GET", "POST"))
def points_settle(request: ConsoleRequest, entry_id: int, act: str) -> HttpResponseBase:
    """Confirm or cancel a pending earning, once the effect was read."""
    entry = _entry(request, entry_id)
    if act not in {"confirm", "cancel"}:
        raise NotFound
    confirmed = act == "confirm"
    if request.method == "POST":
        services.settle(entry=entry, confirmed=confirmed, actor=request.viewer, now=timezone.now())
        messages.success(request, _("Entry confirmed") if confirmed else _("Entry cancelled"))
        return go_to(request, "events:points-of-member", entry.member_id)
    number = formats.grouped(entry.amount)
    context = {
        "id": f"settle-{entry.pk}",
        "heading": _("Confirm this earning?") if confirmed else _("Cancel this earning?"),
        "text": _("%(n)s count from now on.") % {"n": number}
        if confirmed
        else _("%(n)s will never count. This cannot be undone.") % {"n": number},
        "effects": [presenting.in_words(entry)],
        "button": _("Confirm %(n)s") % {"n": number}
        if confirmed
        else _("Cancel %(n)s") % {"n": number},
        "action": request.path,
        "back": reverse("events:points-of-member", args=[entry.member_id]),
        "danger": not confirmed,
    }
    return _dialog(request, context, 200)


def _dialog(request: ConsoleRequest, context: dict[str, Any], status: int) -> HttpResponse:
    """Answer a question over the page, or as a page of its own where it was opened by itself."""
    template = "components/confirm.html" if request.htmx else "events/points/confirm.html"
    return render(request, template, context, status=status)


def _member(request: ConsoleRequest, member_id: int) -> Member:
    member = Member.objects.visible_to(request.viewer).filter(pk=member_id).first()
    if member is None:
        raise NotFound
    return member


def _entry(request: ConsoleRequest, entry_id: int) -> PointsEntry:
    entry = selectors.entries(viewer=request.viewer).filter(pk=entry_id).first()
    if entry is None:
        raise NotFound
    return entry
