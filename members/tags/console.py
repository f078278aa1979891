from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.kernel import formats
from core.kernel.access import Permission
from core.kernel.console import (
    ConsoleRequest,
    console,
    form_refusal,
    go_to,
    page_or_partial,
    ticked,
)
from core.kernel.errors import DomainError, InvalidInput, NotFound
from core.kernel.feedback import done
from core.kernel.sizes import in_words
from core.lists import selectors as lists
from core.saved_views import selectors as saved_views
from members.profiles.models import Member
from members.segments import rules as segment_rules
from members.segments.ports import registry
from members.segments.selectors import outline, words_for
from members.tags import selectors, services
from members.tags.forms import GiveForm, GroupForm, HeldForm, RuleForm, TagForm
from members.tags.giving import MEMBER_LIST
from members.tags.models import Tag, TagGroup

if TYPE_CHECKING:
    from django.forms import Form
    from django.http.response import HttpResponseBase

    from core.kernel.access import Viewer


@console(Permission.MEMBERS_VIEW)
def tags_list(request: ConsoleRequest) -> HttpResponseBase:
    """Show the groups of tags with their tags and how many members have each."""
    viewer = request.viewer
    tags = Tag.objects.visible_to(viewer).select_related("rule").order_by("group_id", "pk")
    if query := request.GET.get("q", "").strip():
        tags = tags.filter(name__icontains=query)
    rows = TagGroup.objects.visible_to(viewer).order_by("pk")
    groups: dict[int, tuple[TagGroup, list[Tag]]] = {group.pk: (group, []) for group in rows}
    for tag in tags:
        groups[tag.group_id][1].append(tag)
    shown = [pair for pair in groups.values() if pair[1] or not query]
    context = {
        "groups": shown,
        "views": saved_views.views_of(key="tags", viewer=request.viewer, query=request.GET),
        "counted_at": min((tag.counted_at for tag in tags if tag.counted_at), default=None),
        "sees_counts": viewer.is_brand_wide,
        "may_edit": viewer.may(Permission.TAGS_EDIT),
    }
    return page_or_partial(request, "members/tags/list.html", "members/tags/_list.html", context)


@console(Permission.MEMBERS_VIEW)
def tags_detail(request: ConsoleRequest, tag_id: int) -> HttpResponseBase:
    """Show one tag: who has it, by whose word, and by which rule."""
    tag, viewer = _tag(request.viewer, tag_id), request.viewer
    rule = selectors.rule_of(tag=tag)
    said = None
    if rule is not None:
        root = segment_rules.parse(rule.tree, registry=registry)
        said = outline(node=root, words=words_for(brand_id=viewer.brand_id))
    sources = selectors.sources_of(tag=tag) if viewer.is_brand_wide else []
    context = {
        "tag": tag,
        "people": sum(number for _source, number in sources),
        "rule": rule,
        "outline": said,
        "run": selectors.newest_run(tag=tag, viewer=viewer),
        "sources": sources,
        "blocked": selectors.blocked_count(tag=tag),
        "sees_counts": viewer.is_brand_wide,
        "may_edit": viewer.may(Permission.TAGS_EDIT),
        "sees_audit": viewer.may(Permission.AUDIT_VIEW),
    }
    return render(request, "members/tags/detail.html", context)


@console(Permission.TAGS_EDIT, methods=("GET", "POST"))
def tag_groups_new(request: ConsoleRequest) -> HttpResponseBase:
    """Add a group of tags, in a drawer."""
    form = GroupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.create_group(**form.cleaned_data, actor=request.viewer, now=timezone.now())
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            return _done(request, _("Group saved"))
    return _drawer(request, form, _("New group of tags"), _("Save group"))


@console(Permission.TAGS_EDIT, methods=("GET", "POST"))
def tag_groups_edit(request: ConsoleRequest, group_id: int) -> HttpResponseBase:
    """Change a group of tags, in a drawer."""
    group = TagGroup.objects.visible_to(request.viewer).filter(pk=group_id).first()
    if group is None:
        raise NotFound
    initial = {"name": group.name, "is_exclusive": group.is_exclusive}
    form = GroupForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_group(
                group=group, changes=form.cleaned_data, actor=request.viewer, now=timezone.now()
            )
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            return _done(request, _("Group saved"))
    return _drawer(request, form, _("Edit group of tags"), _("Save group"))


@console(Permission.TAGS_EDIT, methods=("GET", "POST"))
def tags_new(request: ConsoleRequest) -> HttpResponseBase:
    """Add a tag, in a drawer."""
    initial = {"group": request.GET.get("group", "")}
    form = TagForm(request.POST or None, viewer=request.viewer, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.create_tag(**form.cleaned_data, actor=request.viewer, now=timezone.now())
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            return _done(request, _("Tag saved"))
    return _drawer(request, form, _("New tag"), _("Save tag"))


@console(Permission.TAGS_EDIT, methods=("GET", "POST"))
def tags_edit(request: ConsoleRequest, tag_id: int) -> HttpResponseBase:
    """Rename a tag, in a drawer."""
    tag = _tag(request.viewer, tag_id)
    form = TagForm(
        request.POST or None, viewer=request.viewer, is_new=False, initial={"name": tag.name}
    )
    if request.method == "POST" and form.is_valid():
        try:
            name = form.cleaned_data["name"]
            services.rename_tag(tag=tag, name=name, actor=request.viewer, now=timezone.now())
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            messages.success(request, _("Tag saved"))
            return go_to(request, "members:tags-detail", tag.pk)
    return _drawer(request, form, _("Rename tag"), _("Save tag"))


@console(Permission.TAGS_EDIT, methods=("GET", "POST"))
def tags_delete(request: ConsoleRequest, tag_id: int) -> HttpResponseBase:
    """Ask, then delete a tag that nobody has."""
    tag = _tag(request.viewer, tag_id)
    if request.method == "POST":
        services.delete_tag(tag=tag, actor=request.viewer, now=timezone.now())
        messages.success(request, _("Tag deleted"))
        return go_to(request, "members:tags-list")
    context = {
        "id": "delete-tag",
        "heading": _("Delete the tag “%(tag)s”?") % {"tag": tag.name},
        "text": _("Only a tag that nobody has, and that no segment or rule names, can go."),
        "action": reverse("members:tags-delete", args=[tag.pk]),
        "button": _("Delete tag"),
        "danger": True,
    }
    return render(request, "components/confirm.html", context)


@console(Permission.TAGS_EDIT, methods=("GET", "POST"))
def tags_rule(request: ConsoleRequest, tag_id: int) -> HttpResponseBase:
    """Edit the conditions under which a tag is given."""
    tag = _tag(request.viewer, tag_id)
    rule = selectors.rule_of(tag=tag)
    if request.method != "POST":
        tree = json.dumps(rule.tree, ensure_ascii=False) if rule else ""
        initial = {"is_active": rule is None or rule.is_active, "version": rule and rule.version}
        return _rule_page(request, tag, RuleForm(initial=initial), tree)
    form = RuleForm(request.POST)
    if form.is_valid():
        try:
            values = form.cleaned_data | {"tree": segment_rules.read(form.cleaned_data["tree"])}
            saved = services.save_rule(tag=tag, **values, actor=request.viewer, now=timezone.now())
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            if request.POST.get("apply"):
                run = services.apply_rule(rule=saved, actor=request.viewer, now=timezone.now())
                return go_to(request, "core:runs-detail", run.pk)
            messages.success(request, _("Rule saved"))
            return go_to(request, "members:tags-detail", tag.pk)
    return _rule_page(request, tag, form, request.POST.get("tree", ""), status=422)


def _rule_page(
    request: ConsoleRequest, tag: Tag, form: RuleForm, tree: str, status: int = 200
) -> HttpResponseBase:
    try:
        root = segment_rules.parse(segment_rules.read(tree), registry=registry) if tree else None
    except InvalidInput:
        root = None
    words = words_for(brand_id=request.viewer.brand_id)
    context = {
        "tag": tag,
        "form": form,
        "tree": tree,
        "criteria": words.criteria(root, reverse("members:segments-options")),
        "count_url": reverse("members:segments-count"),
        "action": reverse("members:tags-rule", args=[tag.pk]),
        "back": reverse("members:tags-detail", args=[tag.pk]),
    }
    return page_or_partial(
        request, "members/tags/rule.html", "members/tags/_rule_form.html", context, status
    )


@console(Permission.TAGS_EDIT, methods=("GET", "POST"))
def tags_rule_delete(request: ConsoleRequest, tag_id: int) -> HttpResponseBase:
    """Ask, then delete the rule; who has the tag keeps it."""
    tag = _tag(request.viewer, tag_id)
    if request.method == "POST":
        services.delete_rule(tag=tag, actor=request.viewer, now=timezone.now())
        messages.success(request, _("Rule deleted"))
        return go_to(request, "members:tags-detail", tag.pk)
    context = {
        "id": "delete-rule",
        "heading": _("Delete the rule of the tag “%(tag)s”?") % {"tag": tag.name},
        "text": _("Who has the tag keeps it, from now on as if it had been given by hand."),
        "action": reverse("members:tags-rule-delete", args=[tag.pk]),
        "button": _("Delete rule"),
        "danger": True,
    }
    return render(request, "components/confirm.html", context)


@console(Permission.TAGS_EDIT, methods=("POST",))
def tags_apply(request: ConsoleRequest, tag_id: int) -> HttpResponseBase:
    """Have the rule applied now and lead to its progress."""
    rule = selectors.rule_of(tag=_tag(request.viewer, tag_id))
    if rule is None:
        raise NotFound
    run = services.apply_rule(rule=rule, actor=request.viewer, now=timezone.now())
    return go_to(request, "core:runs-detail", run.pk)


@console(Permission.TAGS_EDIT, methods=("GET", "POST"))
def tags_give(request: ConsoleRequest) -> HttpResponseBase:
    """Give a tag to a segment or take it away, in the background."""
    data = request.POST or request.GET
    form = GiveForm(request.POST or None, viewer=request.viewer, initial=data.dict())
    if request.method == "POST" and form.is_valid() and form.cleaned_data["segment"]:
        run = services.tag_segment(**form.cleaned_data, actor=request.viewer, now=timezone.now())
        return go_to(request, "core:runs-detail", run.pk)
    return _drawer(
        request, form, _("Tag the segment"), _("Tag everybody in it"), template="give.html"
    )


@console(Permission.TAGS_EDIT, methods=("POST",))
def tags_pick(request: ConsoleRequest) -> HttpResponseBase:
    """Give a tag to the members ticked in a list, or take it: first asked, then done.

    With ``everyone`` in the address: to all in the list as the address narrows it, by a run.
    """
    ids = ticked(request)
    form = GiveForm(request.POST if "act" in request.POST else None, viewer=request.viewer)
    if "everyone" in request.GET:
        return _pick_everyone(request, form)
    if form.is_bound and form.is_valid():
        act = services.tag_members if form.cleaned_data["act"] == "give" else services.untag_members
        number = act(
            tag=form.cleaned_data["tag"],
            member_ids=ids,
            actor=request.viewer,
            now=timezone.now(),
        )
        text = ngettext("%(count)s member changed", "%(count)s members changed", number)
        shown = text % {"count": formats.grouped(number)}
        return done(text=shown, close=True, changed="members-changed")
    text = ngettext("Tag %(count)s member", "Tag %(count)s members", len(ids)) % {"count": len(ids)}
    return _drawer(request, form, text, text, template="give.html", ids=ids)


def _pick_everyone(request: ConsoleRequest, form: GiveForm) -> HttpResponseBase:
    viewer, now = request.viewer, timezone.now()
    source = lists.known_list(key=MEMBER_LIST, viewer=viewer)
    query = lists.narrowing(source=source, query=request.GET, viewer=viewer)
    if form.is_bound and form.is_valid():
        run = services.tag_listed(
            tag=form.cleaned_data["tag"],
            query=query,
            act=form.cleaned_data["act"],
            actor=viewer,
            now=now,
        )
        messages.success(request, _("Tagging has begun; see here how far it is"))
        return go_to(request, "core:runs-detail", run.pk)
    counted = lists.size_of_list(source=source, query=query, viewer=viewer, now=now)
    size = in_words(counted, _("people"))
    return _drawer(
        request,
        form,
        _("Tag all in the list: %(size)s") % {"size": size},
        _("Tag %(size)s") % {"size": size},
        template="give.html",
        filters=lists.filters_in_words(source=source, query=query, viewer=viewer),
        everyone=size,
    )


@console(Permission.TAGS_EDIT, methods=("GET", "POST"))
def tags_of_member(request: ConsoleRequest, member_id: int) -> HttpResponseBase:
    """Give one member one more tag, or take one: the card on the member's page."""
    member = Member.objects.visible_to(request.viewer).filter(pk=member_id).first()
    if member is None:
        raise NotFound
    now, status = timezone.now(), 200
    held = selectors.tags_of(brand_id=member.brand_id, member_ids=[member.pk])[member.pk]
    form = HeldForm(
        request.POST if request.POST.get("tag") else None,
        viewer=request.viewer,
        held={each.tag.pk for each in held},
    )
    if take := request.POST.get("take", ""):
        tag = _tag(request.viewer, int(take) if take.isdecimal() else 0)
        services.untag_members(tag=tag, member_ids=[member.pk], actor=request.viewer, now=now)
    elif form.is_bound:
        status = 200 if form.is_valid() else 422
        if form.is_valid():
            tag = form.cleaned_data["tag"]
            services.tag_members(tag=tag, member_ids=[member.pk], actor=request.viewer, now=now)
    if request.method == "POST" and status == 200:
        held = selectors.tags_of(brand_id=member.brand_id, member_ids=[member.pk])[member.pk]
        form = HeldForm(viewer=request.viewer, held={each.tag.pk for each in held})
        if not request.htmx:
            return go_to(request, "members:members-detail", member.pk)
    context = {"member": member, "tags": held, "form": form, "may_tag": True}
    return render(request, "members/tags/_held.html", context, status=status)


def _tag(viewer: Viewer, tag_id: int) -> Tag:
    tag = Tag.objects.visible_to(viewer).select_related("group").filter(pk=tag_id).first()
    if tag is None:
        raise NotFound
    return tag


def _done(request: ConsoleRequest, text: str) -> HttpResponseBase:
    if request.htmx:
        return done(text=text, close=True, changed="tags-changed")
    messages.success(request, text)
    return go_to(request, "members:tags-list")


def _drawer(
    request: ConsoleRequest,
    form: Form,
    heading: str,
    button: str,
    template: str = "drawer.html",
    **more: Any,
) -> HttpResponseBase:
    """Answer a form in a drawer, or on a page of its own where there are no scripts."""
    context = {
        "id": "tag-drawer",
        "form": form,
        "heading": heading,
        "button": button,
        "action": request.get_full_path(),
        **more,
    }
    partial = f"members/tags/_{template}"
    status = 422 if form.is_bound and form.errors else 200
    page = {"partial": partial, **context}
    return page_or_partial(request, "members/tags/form_page.html", partial, page, status)
