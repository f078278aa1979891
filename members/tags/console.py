from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

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
    form_status,
    go_to,
    page_or_partial,
    ticked,
)
from core.kernel.errors import DomainError, InvalidInput, NotFound
from core.kernel.feedback import done
from core.kernel.sizes import in_words
from core.lists import selectors as lists
from core.saved_views import selectors as saved_views
from members.segments import rules as segment_rules
from members.segments.models import Segment
from members.segments.selectors import count as segment_count
from members.segments.selectors import outline, words_for
from members.tags import listing, retiring, selectors, services
from members.tags.forms import GiveForm, GroupEditForm, GroupForm, RuleForm, TagForm
from members.tags.giving import MEMBER_LIST
from members.tags.models import Tag, TagGroup
from members.tags.presenting import Tab, answered, drawer, tag_of, tag_page

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

    from core.kernel.access import Viewer


@console(Permission.MEMBERS_VIEW)
def tags_list(request: ConsoleRequest) -> HttpResponseBase:
    """Show the groups of tags with their tags and how many members have each."""
    viewer = request.viewer
    query, show = request.GET.get("q", "").strip(), request.GET.get("show", "")
    tags = listing.rows(viewer=viewer, query=request.GET, now=timezone.now())
    tags = tags.order_by("group_id", "pk")
    rows = TagGroup.objects.visible_to(viewer).order_by("pk")
    groups: dict[int, tuple[TagGroup, list[Tag]]] = {group.pk: (group, []) for group in rows}
    for tag in tags:
        groups[tag.group_id][1].append(tag)
    shown = [pair for pair in groups.values() if pair[1] or not (query or show)]
    context = {
        "groups": shown,
        "is_narrowed": bool(query or show),
        "tabs": _shows(request, show),
        "views": saved_views.views_of(key="tags", viewer=request.viewer, query=request.GET),
        "counted_at": min((tag.counted_at for tag in tags if tag.counted_at), default=None),
        "sees_counts": viewer.is_brand_wide,
        "may_edit": viewer.may(Permission.TAGS_EDIT),
    }
    return page_or_partial(request, "members/tags/list.html", "members/tags/_list.html", context)


def _shows(request: ConsoleRequest, show: str) -> list[Tab]:
    """The ways to narrow the list, each keeping what was typed."""
    typed = {"q": request.GET["q"]} if request.GET.get("q", "").strip() else {}
    labels = {"": _("All"), **{key: str(label) for key, label in listing.SHOWS.items()}}
    if not request.viewer.is_brand_wide:
        labels.pop("unused")  # Who sees a part of the members cannot know.
    place = reverse("members:tags-list")
    tabs = []
    for key, label in labels.items():
        query = urlencode(typed | ({"show": key} if key else {}))
        tabs.append(Tab(f"{place}?{query}" if query else place, label, None, key == show))
    return tabs


@console(Permission.MEMBERS_VIEW)
def tags_detail(request: ConsoleRequest, tag_id: int) -> HttpResponseBase:
    """Show one tag: who has it, by whose word, and by which rule."""
    tag, viewer = tag_of(request.viewer, tag_id), request.viewer
    page = tag_page(tag, viewer, "tags-detail")
    said = None
    if page["rule"] is not None:
        words = words_for(brand_id=viewer.brand_id)
        root = segment_rules.parse(page["rule"].tree, registry=words.fields)
        said = outline(node=root, words=words)
    context = page | {
        "outline": said,
        "run": selectors.newest_run(tag=tag, viewer=viewer),
        "sources": selectors.sources_of(tag=tag) if viewer.is_brand_wide else [],
        "blocked": selectors.blocked_count(tag=tag) if viewer.is_brand_wide else 0,
        "mentions": selectors.mentions_of(tag=tag),
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
            return answered(request, _("Group saved"))
    return drawer(request, form, _("New group of tags"), _("Save group"))


@console(Permission.TAGS_EDIT, methods=("GET", "POST"))
def tag_groups_edit(request: ConsoleRequest, group_id: int) -> HttpResponseBase:
    """Change a group of tags, in a drawer."""
    group = TagGroup.objects.visible_to(request.viewer).filter(pk=group_id).first()
    if group is None:
        raise NotFound
    initial = {"name": group.name, "is_exclusive": group.is_exclusive, "version": group.version}
    form = GroupEditForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            changes = dict(form.cleaned_data)
            services.change_group(
                group=group,
                version=changes.pop("version"),
                changes=changes,
                actor=request.viewer,
                now=timezone.now(),
            )
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            return answered(request, _("Group saved"))
    several = []
    if form.is_bound and "is_exclusive" in form.errors:
        several = selectors.members_with_several(group=group, viewer=request.viewer, limit=20)
    heading, button = _("Edit group of tags"), _("Save group")
    return drawer(request, form, heading, button, template="group.html", several=several)


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
            return answered(request, _("Tag saved"))
    return drawer(request, form, _("New tag"), _("Save tag"))


@console(Permission.TAGS_EDIT, methods=("GET", "POST"))
def tags_edit(request: ConsoleRequest, tag_id: int) -> HttpResponseBase:
    """Rename a tag, in a drawer."""
    tag = tag_of(request.viewer, tag_id)
    initial = {"name": tag.name, "version": tag.version}
    form = TagForm(request.POST or None, viewer=request.viewer, is_new=False, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.rename_tag(
                tag=tag, **form.cleaned_data, actor=request.viewer, now=timezone.now()
            )
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            messages.success(request, _("Tag saved"))
            return go_to(request, "members:tags-detail", tag.pk)
    return drawer(request, form, _("Rename tag"), _("Save tag"))


@console(Permission.TAGS_EDIT, methods=("GET", "POST"))
def tags_delete(request: ConsoleRequest, tag_id: int) -> HttpResponseBase:
    """Ask, then delete a tag that nobody has."""
    tag = tag_of(request.viewer, tag_id)
    if request.method == "POST":
        typed = request.POST.get("must", "")
        run = services.delete_tag(tag=tag, typed=typed, actor=request.viewer, now=timezone.now())
        if run is not None:
            return go_to(request, "core:runs-detail", run.pk)
        messages.success(request, _("Tag deleted"))
        return go_to(request, "members:tags-list")
    retiring.check_conditions(tag=tag, into=None)
    people = sum(number for _source, number in selectors.sources_of(tag=tag))
    text = ngettext("%(n)s member loses it.", "%(n)s members lose it.", people)
    context = {
        "id": "delete-tag",
        "heading": _("Delete the tag “%(tag)s”?") % {"tag": tag.name},
        "text": text % {"n": formats.grouped(people)} if people else _("Nobody has it."),
        "effects": [_("Its history stays. Deleting a tag cannot be undone.")],
        "action": reverse("members:tags-delete", args=[tag.pk]),
        "button": _("Delete tag"),
        "danger": True,
        "must": tag.name if people else "",
    }
    return render(request, "components/confirm.html", context)


@console(Permission.TAGS_EDIT, methods=("GET", "POST"))
def tags_rule(request: ConsoleRequest, tag_id: int) -> HttpResponseBase:
    """Edit the conditions under which a tag is given."""
    tag = tag_of(request.viewer, tag_id)
    rule = selectors.rule_of(tag=tag)
    if request.method != "POST":
        tree = json.dumps(rule.tree, ensure_ascii=False) if rule else ""
        initial = {
            "is_active": rule is None or rule.is_active,
            "version": rule.version if rule else 0,
        }
        return _rule_page(request, tag, RuleForm(initial=initial), tree)
    form = RuleForm(request.POST)
    if form.is_valid():
        try:
            saved = services.save_rule(
                tag=tag,
                tree=segment_rules.read(form.cleaned_data["tree"]),
                is_active=form.cleaned_data["is_active"],
                version=form.cleaned_data["version"] or 0,
                actor=request.viewer,
                now=timezone.now(),
            )
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            if request.POST.get("apply"):
                run = services.apply_rule(rule=saved, actor=request.viewer, now=timezone.now())
                return go_to(request, "core:runs-detail", run.pk)
            messages.success(request, _("Rule saved"))
            return go_to(request, "members:tags-detail", tag.pk)
    return _rule_page(request, tag, form, request.POST.get("tree", ""))


def _rule_page(request: ConsoleRequest, tag: Tag, form: RuleForm, tree: str) -> HttpResponseBase:
    words = words_for(brand_id=request.viewer.brand_id)
    try:
        node = segment_rules.read(tree) if tree else None
        root = segment_rules.parse(node, registry=words.fields) if tree else None
    except InvalidInput:
        root = None
    context = {
        "tag": tag,
        "form": form,
        "tree": tree,
        "criteria": words.criteria(root, reverse("members:segments-options")),
        "count_url": reverse("members:segments-count"),
        "action": reverse("members:tags-rule", args=[tag.pk]),
        "back": reverse("members:tags-detail", args=[tag.pk]),
    }
    full, part = "members/tags/rule.html", "members/tags/_rule_form.html"
    return page_or_partial(request, full, part, context, form_status(form))


@console(Permission.TAGS_EDIT, methods=("GET", "POST"))
def tags_rule_delete(request: ConsoleRequest, tag_id: int) -> HttpResponseBase:
    """Ask, then delete the rule; who has the tag keeps it."""
    tag = tag_of(request.viewer, tag_id)
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
    rule = selectors.rule_of(tag=tag_of(request.viewer, tag_id))
    if rule is None:
        raise NotFound
    run = services.apply_rule(rule=rule, actor=request.viewer, now=timezone.now())
    return go_to(request, "core:runs-detail", run.pk)


@console(Permission.TAGS_EDIT, methods=("GET", "POST"))
def tags_give(request: ConsoleRequest) -> HttpResponseBase:
    """Give a tag to a segment or take it away, in the background."""
    data = request.POST or request.GET
    now = timezone.now()
    form = GiveForm(request.POST or None, viewer=request.viewer, now=now, initial=data.dict())
    if request.method == "POST" and form.is_valid() and form.cleaned_data["segment"]:
        run = services.tag_segment(**form.cleaned_data, actor=request.viewer, now=now)
        return go_to(request, "core:runs-detail", run.pk)
    size, segment = "", _segment(request.viewer, data.get("segment", ""))
    if segment is not None:
        number = segment_count(
            tree=segment.tree,
            brand_id=request.viewer.brand_id,
            dealer_ids=request.viewer.dealer_ids,
            now=now,
        )
        text = ngettext("%(n)s person", "%(n)s people", number)
        size = text % {"n": formats.grouped(number)}
    button = _("Tag %(size)s") % {"size": size} if size else _("Tag everybody in it")
    return drawer(
        request, form, _("Tag the segment"), button, template="give.html", of_segment=size
    )


def _segment(viewer: Viewer, text: str) -> Segment | None:
    known = text.isascii() and text.isdecimal() and len(text) < 19
    rows = Segment.objects.visible_to(viewer)
    return rows.filter(pk=int(text)).first() if known else None


@console(Permission.TAGS_EDIT, methods=("POST",))
def tags_pick(request: ConsoleRequest) -> HttpResponseBase:
    """Give a tag to the members ticked in a list, or take it: first asked, then done.

    With ``everyone`` in the address: to all in the list as the address narrows it, by a run.
    """
    ids = ticked(request)
    now, posted = timezone.now(), request.POST if "act" in request.POST else None
    form = GiveForm(posted, viewer=request.viewer, now=now)
    if "everyone" in request.GET:
        return _pick_everyone(request, form)
    if form.is_bound and form.is_valid():
        act = services.tag_members if form.cleaned_data["act"] == "give" else services.untag_members
        number = act(
            tag=form.cleaned_data["tag"],
            member_ids=ids,
            actor=request.viewer,
            now=timezone.now(),
            **_end_of(form),
        )
        text = ngettext("%(count)s member changed", "%(count)s members changed", number)
        shown = text % {"count": formats.grouped(number)}
        return done(text=shown, close=True, changed="members-changed")
    text = ngettext("Tag %(count)s member", "Tag %(count)s members", len(ids)) % {"count": len(ids)}
    return drawer(request, form, text, text, template="give.html", ids=ids)


def _end_of(form: GiveForm) -> dict[str, Any]:
    """Only what is given can end."""
    data = form.cleaned_data
    return {"expires_at": data["expires_at"]} if data["act"] == "give" else {}


def _pick_everyone(request: ConsoleRequest, form: GiveForm) -> HttpResponseBase:
    viewer, now = request.viewer, timezone.now()
    source = lists.known_list(key=MEMBER_LIST, viewer=viewer)
    query = lists.narrowing(source=source, query=request.GET, viewer=viewer)
    if form.is_bound and form.is_valid():
        run = services.tag_listed(
            tag=form.cleaned_data["tag"],
            query=query,
            act=form.cleaned_data["act"],
            expires_at=form.cleaned_data["expires_at"],
            actor=viewer,
            now=now,
        )
        messages.success(request, _("Tagging has begun; see here how far it is"))
        return go_to(request, "core:runs-detail", run.pk)
    counted = lists.size_of_list(source=source, query=query, viewer=viewer, now=now)
    size = in_words(counted, _("people"))
    return drawer(
        request,
        form,
        _("Tag all in the list: %(size)s") % {"size": size},
        _("Tag %(size)s") % {"size": size},
        template="give.html",
        filters=lists.filters_in_words(source=source, query=query, viewer=viewer),
        everyone=size,
    )
