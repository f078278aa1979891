"""Console views of what happened to tags, and of what ends or joins them: beside ``console``."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.kernel import formats
from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console, form_refusal, go_to, page_or_partial
from core.kernel.errors import DomainError, NotFound
from core.kernel.paging import keyset_page
from members.profiles.models import Member
from members.tags import looking_back, retiring, selectors, services, undoing
from members.tags.forms import HeldForm, LimitsForm, MergeForm
from members.tags.handing import limits_of
from members.tags.models import TagAct, TagChange
from members.tags.presenting import answered, drawer, tag_of, tag_page

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

PAGE = 50
BLOCKED = 50


@console(Permission.MEMBERS_VIEW)
def tags_members(request: ConsoleRequest, tag_id: int) -> HttpResponseBase:
    """Show who has the tag, since when, by whose word and until when."""
    viewer = request.viewer
    tag = tag_of(viewer, tag_id)
    after = request.GET.get("after", "")
    held = selectors.wearers(
        tag=tag, viewer=viewer, after=int(after) if after.isdecimal() else 0, limit=PAGE + 1
    )
    context = tag_page(tag, viewer, "tags-members") | {
        "held": held[:PAGE],
        "next": held[PAGE - 1].member.pk if len(held) > PAGE else "",
        "blocked": selectors.blocked(tag=tag, viewer=viewer, limit=BLOCKED),
        "blocked_count": selectors.blocked_count(tag=tag) if viewer.is_brand_wide else None,
    }
    return page_or_partial(
        request, "members/tags/members.html", "members/tags/_members.html", context
    )


@console(Permission.TAGS_EDIT, methods=("POST",))
def tags_clear(request: ConsoleRequest, tag_id: int) -> HttpResponseBase:
    """Leave it to the rule again whether a member has the tag."""
    tag, pk = tag_of(request.viewer, tag_id), request.POST.get("id", "")
    ids = [int(pk)] if pk.isascii() and pk.isdecimal() and len(pk) < 19 else []
    services.clear_members(tag=tag, member_ids=ids, actor=request.viewer, now=timezone.now())
    messages.success(request, _("From now on the rule decides"))
    return go_to(request, "members:tags-members", tag.pk)


@console(Permission.MEMBERS_VIEW)
def tags_history(request: ConsoleRequest, tag_id: int) -> HttpResponseBase:
    """Show what happened to the tag, the newest first: who gave or took it, and to how many."""
    viewer, now = request.viewer, timezone.now()
    tag = tag_of(viewer, tag_id)
    page = keyset_page(
        looking_back.of_tag(tag=tag, viewer=viewer),
        order="-id",
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE,
    )
    may_edit = viewer.may(Permission.TAGS_EDIT)
    rows = [(change, may_edit and _may_undo(change, tag.pk, now)) for change in page.rows]
    context = tag_page(tag, viewer, "tags-history") | {
        "rows": rows,
        "next": page.next,
        "previous": page.previous,
    }
    return page_or_partial(
        request, "members/tags/history.html", "members/tags/_history.html", context
    )


def _may_undo(change: TagChange, tag_id: int, now: Any) -> bool:
    """Offer undo where it makes sense; whether it is possible is said when it is asked for."""
    act = change.act
    by_hand = act.source == TagAct.Source.MANUAL and change.kind not in {"blocked", "replaced"}
    return by_hand and act.undone_at is None and act.at > now - undoing.UNDO_FOR


@console(Permission.TAGS_EDIT, methods=("GET", "POST"))
def tags_undo(request: ConsoleRequest, act_id: int) -> HttpResponseBase:
    """Say what undoing an act would do, then undo it."""
    act = TagAct.objects.visible_to(request.viewer).filter(pk=act_id).first()
    if act is None:
        raise NotFound
    now, changes = timezone.now(), looking_back.changes_of(act=act)
    back = reverse("members:tags-history", args=[changes[0].tag_id]) if changes else ""
    if request.method == "POST":
        run = services.undo_act(act=act, actor=request.viewer, now=now)
        if run is not None:
            return go_to(request, "core:runs-detail", run.pk)
        messages.success(request, _("Undone"))
        return go_to(request, back or "members:tags-list")
    if reason := undoing.why_not(act=act, now=now):
        raise undoing.CannotUndo(reason)
    would = undoing.preview(act=act, now=now)
    context = {
        "id": "undo-tagging",
        "heading": _("Undo this?"),
        "text": _("Members whose tag somebody or something changed since are left as they are."),
        "effects": _effects(would),
        "action": reverse("members:tags-undo", args=[act.pk]),
        "button": _("Undo"),
    }
    return render(request, "components/confirm.html", context)


def _effects(would: undoing.UndoPreview) -> list[str]:
    texts = [
        (would.taken, ngettext("%(n)s member loses it", "%(n)s members lose it", would.taken)),
        (
            would.given,
            ngettext("%(n)s member has a tag again", "%(n)s members have a tag again", would.given),
        ),
        (
            would.changed,
            ngettext(
                "%(n)s member has it from its earlier source, until its earlier end",
                "%(n)s members have it from its earlier source, until its earlier end",
                would.changed,
            ),
        ),
        (
            would.skipped,
            ngettext(
                "%(n)s change stays: something else happened since",
                "%(n)s changes stay: something else happened since",
                would.skipped,
            ),
        ),
    ]
    shown = [text % {"n": formats.grouped(number)} for number, text in texts if number]
    return shown or [_("Nothing is left to undo.")]


@console(Permission.TAGS_EDIT, methods=("GET", "POST"))
def tags_merge(request: ConsoleRequest, tag_id: int) -> HttpResponseBase:
    """Choose the other tag, see what merging would do, then leave it to a run."""
    viewer = request.viewer
    tag = tag_of(viewer, tag_id)
    form = MergeForm(request.POST or None, viewer=viewer, tag=tag)
    would = None
    if request.method == "POST" and form.is_valid():
        into = form.cleaned_data["into"]
        try:
            retiring.check_conditions(tag=tag, into=into)
            if form.cleaned_data["sure"]:
                run = services.merge_tag(tag=tag, into=into, actor=viewer, now=timezone.now())
                return go_to(request, "core:runs-detail", run.pk)
            would = retiring.preview(tag=tag, into=into)
        except DomainError as refusal:
            form_refusal(form, refusal)
    heading = _("Merge “%(tag)s” into another tag") % {"tag": tag.name}
    button = _("Merge and delete the old tag") if would else _("See what this would do")
    return drawer(request, form, heading, button, template="merge.html", would=would, tag=tag)


@console(Permission.TAGS_EDIT, methods=("GET", "POST"))
def tags_limits(request: ConsoleRequest) -> HttpResponseBase:
    """Set how many tags the brand allows itself."""
    limits = limits_of(brand_id=request.viewer.brand_id)
    initial = {name: getattr(limits, name) for name in (*services.LIMITS, "version")}
    form = LimitsForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            changes = dict(form.cleaned_data)
            services.change_limits(
                version=changes.pop("version"),
                changes=changes,
                actor=request.viewer,
                now=timezone.now(),
            )
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            return answered(request, _("Limits saved"))
    return drawer(request, form, _("Limits of tags"), _("Save limits"))


@console(Permission.TAGS_EDIT, methods=("GET", "POST"))
def tags_of_member(request: ConsoleRequest, member_id: int) -> HttpResponseBase:
    """Give one member one more tag, or take one: the card on the member's page."""
    member = Member.objects.visible_to(request.viewer).filter(pk=member_id).first()
    if member is None:
        raise NotFound
    form = HeldForm(
        request.POST if request.POST.get("tag") else None,
        viewer=request.viewer,
        now=timezone.now(),
        initial={"tag": request.GET.get("tag", "")},
    )
    status = _act_on(request, member, form)
    if request.method == "POST" and status == HTTPStatus.OK and not request.htmx:
        return go_to(request, "members:members-detail", member.pk)
    if request.method == "POST" and status == HTTPStatus.OK:
        form = HeldForm(viewer=request.viewer, now=timezone.now())
    context = {
        "member": member,
        "tags": selectors.tags_of(brand_id=member.brand_id, member_ids=[member.pk])[member.pk],
        "blocked": selectors.blocked_for(member=member),
        "form": form,
        "may_tag": True,
    }
    return render(request, "members/tags/_held.html", context, status=status)


def _act_on(request: ConsoleRequest, member: Member, form: HeldForm) -> HTTPStatus:
    """Give, take, or leave to the rule, as the card's buttons say."""
    who: dict[str, Any] = {"member_ids": [member.pk], "actor": request.viewer}
    who["now"] = timezone.now()
    for name, act in (("take", services.untag_members), ("clear", services.clear_members)):
        if named := request.POST.get(name, ""):
            is_number = named.isascii() and named.isdecimal() and len(named) < 19
            act(tag=tag_of(request.viewer, int(named) if is_number else 0), **who)
            return HTTPStatus.OK
    if not form.is_bound:
        return HTTPStatus.OK
    if form.is_valid():
        try:
            services.tag_members(**form.cleaned_data, **who)
        except DomainError as refusal:
            form_refusal(form, refusal)
    return HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
