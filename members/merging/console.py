from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console, form_refusal, go_to, page_or_partial
from core.kernel.errors import DomainError, InvalidInput, NotFound
from members.members import selectors as members
from members.merging import presenting, selectors, services
from members.merging.forms import MergeForm, OtherForm, SplitForm
from members.merging.models import MemberMerge
from members.profiles.models import Member

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

    from core.kernel.access import Viewer

EDIT = Permission.MEMBERS_EDIT


@console(EDIT, methods=("GET", "POST"))
def merges_start(request: ConsoleRequest, member_id: int) -> HttpResponseBase:
    """Ask which other member is the same person."""
    member = Member.objects.visible_to(request.viewer).filter(pk=member_id).first()
    if member is None:
        raise NotFound
    form = OtherForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            other = _meant(request.viewer, form.cleaned_data["other"], member)
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            return go_to(request, "members:merges-preview", member.pk, other.pk)
    context = {
        "member": member,
        "form": form,
        "action": reverse("members:merges-start", args=[member.pk]),
    }
    status = 422 if form.is_bound and form.errors else 200
    full, part = "members/merging/start.html", "members/merging/_start.html"
    return page_or_partial(request, full, part, context, status)


@console(EDIT, methods=("GET", "POST"))
def merges_preview(request: ConsoleRequest, winner_id: int, loser_id: int) -> HttpResponseBase:
    """Show what a merge would do, let people choose, then do it."""
    viewer = request.viewer
    preview = selectors.preview_of(winner_id=winner_id, loser_id=loser_id, viewer=viewer)
    form = MergeForm(request.POST or None, preview=preview)
    if request.method == "POST" and form.is_valid():
        try:
            merge = services.merge_members(
                winner_id=winner_id,
                loser_id=loser_id,
                take=form.take(),
                reason=form.cleaned_data["reason"],
                versions=form.versions(),
                actor=viewer,
                now=timezone.now(),
            )
        except InvalidInput as refusal:
            form_refusal(form, refusal)
        else:
            messages.success(request, _("Merged. It can be undone for 30 days."))
            return go_to(request, "members:merges-detail", merge.pk)
    context = {
        "preview": preview,
        "form": form,
        "action": reverse("members:merges-preview", args=[winner_id, loser_id]),
        "swapped": reverse("members:merges-preview", args=[loser_id, winner_id]),
    }
    status = 422 if form.is_bound and form.errors else 200
    full, part = "members/merging/preview.html", "members/merging/_preview.html"
    return page_or_partial(request, full, part, context, status)


@console(Permission.MEMBERS_VIEW)
def merges_detail(request: ConsoleRequest, merge_id: int) -> HttpResponseBase:
    """Show what a merge did, and the way back."""
    merge, viewer = _merge(request.viewer, merge_id), request.viewer
    context = {
        "merge": merge,
        "moved": presenting.moved_in_words(merge),
        "changed": presenting.changed_in_words(merge),
        "until": merge.merged_at + services.UNDO_FOR,
        "may_undo": viewer.may(EDIT)
        and selectors.sees_both(merge=merge, viewer=viewer)
        and merge.undone_at is None
        and timezone.now() <= merge.merged_at + services.UNDO_FOR,
        "may_edit": viewer.may(EDIT),
        "sees_audit": viewer.may(Permission.AUDIT_VIEW),
    }
    return render(request, "members/merging/detail.html", context)


@console(EDIT, methods=("GET", "POST"))
def merges_undo(request: ConsoleRequest, merge_id: int) -> HttpResponseBase:
    """Ask, then give everything back."""
    merge = _merge(request.viewer, merge_id)
    if request.method == "POST":
        services.undo_merge(merge=merge, actor=request.viewer, now=timezone.now())
        messages.success(request, _("The merge is undone; both members are as they were."))
        return go_to(request, "members:members-detail", merge.loser_id)
    context = {
        "id": "undo-merge",
        "heading": _("Undo the merge?"),
        "text": _(
            "The merged member comes back with everything that moved. What was changed since "
            "stays as it is now."
        ),
        "action": reverse("members:merges-undo", args=[merge.pk]),
        "button": _("Undo the merge"),
    }
    return render(request, "components/confirm.html", context)


@console(EDIT, methods=("GET", "POST"))
def merges_split(request: ConsoleRequest, member_id: int) -> HttpResponseBase:
    """Take what belongs to somebody else out into a new member."""
    member = Member.objects.visible_to(request.viewer).filter(pk=member_id).first()
    if member is None:
        raise NotFound
    form = SplitForm(request.POST or None, member=member)
    if request.method == "POST" and form.is_valid():
        try:
            fresh = services.split_member(
                member_id=member.pk,
                display_name=form.cleaned_data["display_name"],
                chosen=form.chosen(),
                actor=request.viewer,
                now=timezone.now(),
            )
        except InvalidInput as refusal:
            form_refusal(form, refusal)
        else:
            messages.success(request, _("Taken apart: this is the new member."))
            return go_to(request, "members:members-detail", fresh.pk)
    context = {
        "member": member,
        "form": form,
        "action": reverse("members:merges-split", args=[member.pk]),
    }
    status = 422 if form.is_bound and form.errors else 200
    full, part = "members/merging/split.html", "members/merging/_split.html"
    return page_or_partial(request, full, part, context, status)


def _meant(viewer: Viewer, typed: str, member: Member) -> Member:
    """Return the one other member meant by a phone, a customer number or a number."""
    found = members.meant_by(typed=typed, viewer=viewer, but=member)
    if len(found) > 1:
        text = _("Several members match. Enter the whole phone number.")
        raise InvalidInput.on("/other", text, "ambiguous")
    if not found:
        raise InvalidInput.on("/other", _("There is no such other member."), "unknown_member")
    return found[0]


def _merge(viewer: Viewer, merge_id: int) -> MemberMerge:
    rows = MemberMerge.objects.visible_to(viewer).select_related("winner")
    merge = rows.filter(pk=merge_id).first()
    if merge is None:
        raise NotFound
    return merge
