from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, JsonResponse
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
from core.kernel.navigation import url_of
from core.kernel.paging import keyset_page
from core.saved_views import selectors as saved_views
from members.members import selectors as member_selectors
from members.segments import listing, rules, selectors, services
from members.segments.forms import SegmentForm
from members.segments.models import Segment
from members.segments.ports import registry
from members.segments.wording import Words, matching, plain

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

    from core.kernel.access import Viewer
    from members.profiles.models import Member
    from members.segments.rules import Group

PAGE_SIZE = 30
SAMPLE, MOST_EXPLAINED = 6, 3
# The count comes first; the counts of single conditions get what is left of half a second.
CONDITION_SECONDS = 0.4
BUILDER = "segment"


@console(Permission.SEGMENTS_VIEW)
def segments_list(request: ConsoleRequest) -> HttpResponseBase:
    """List segments with what they ask for, the newest first."""
    form = listing.form_of(request.GET, request.viewer)
    page = keyset_page(
        listing.narrowed(viewer=request.viewer, form=form, typed=request.GET.get("q", "")),
        order=listing.SEGMENTS.order_of(request.GET),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE_SIZE,
    )
    words = Words(request.viewer.brand_id)
    context = {
        "rows": [(segment, listing.said(segment.tree, words)) for segment in page.rows],
        "filter_form": form,
        "views": saved_views.views_of(key="segments", viewer=request.viewer, query=request.GET),
        "next": page.next,
        "previous": page.previous,
        "sees_counts": request.viewer.is_brand_wide,
        "may_edit": request.viewer.may(Permission.SEGMENTS_EDIT),
        "bulk_actions": _bulk_actions(request.viewer),
    }
    return page_or_partial(
        request, "members/segments/list.html", "members/segments/_list.html", context
    )


@console(Permission.SEGMENTS_VIEW)
def segments_detail(request: ConsoleRequest, segment_id: int) -> HttpResponseBase:
    """Show one segment: who it finds, by which conditions, and what to do with it."""
    segment = _segment(request.viewer, segment_id)
    words = Words(request.viewer.brand_id)
    root = rules.parse(segment.tree, registry=words.fields)
    context = {
        "segment": segment,
        "outline": selectors.outline(node=root, words=words),
        "uses": _uses(segment, request.viewer),
        "may_edit": request.viewer.may(Permission.SEGMENTS_EDIT),
        "may_explain": request.viewer.may(Permission.MEMBERS_VIEW),
        "may_tag": request.viewer.may(Permission.TAGS_EDIT),
        "build_url": url_of("communities:build-rules-new")
        if request.viewer.may(Permission.BUILDS_RUN)
        else "",
        "sees_counts": request.viewer.is_brand_wide,
        "sees_audit": request.viewer.may(Permission.AUDIT_VIEW),
    }
    return render(request, "members/segments/detail.html", context)


def _uses(segment: Segment, viewer: Viewer) -> list[Segment]:
    """Return the other segments that refer to this one."""
    others = Segment.objects.visible_to(viewer).exclude(pk=segment.pk).filter(is_archived=False)
    return [
        other
        for other in others.filter(tree__icontains='"segment"')
        if segment.pk in selectors.segments_in(tree=other.tree, brand_id=viewer.brand_id)
    ]


@console(Permission.SEGMENTS_VIEW)
def segments_people(request: ConsoleRequest, segment_id: int) -> HttpResponseBase:
    """Answer the live part of the detail page: the count and a few people."""
    segment = _segment(request.viewer, segment_id)
    try:
        root = selectors.parse(tree=segment.tree, brand_id=segment.brand_id)
        context = _counted(root, request.viewer)
    except InvalidInput as refusal:
        context = {"refusal": str(refusal)}
    context |= {"segment": segment, "sees_counts": request.viewer.is_brand_wide}
    return render(request, "members/segments/_people.html", context)


@console(Permission.SEGMENTS_VIEW)
def segments_explain(request: ConsoleRequest, segment_id: int) -> HttpResponseBase:
    """Say of whom was typed why they are in the segment or are not, condition by condition."""
    segment, typed = _segment(request.viewer, segment_id), request.GET.get("q", "")[:80]
    found: list[Any] = []
    refusal = ""
    if typed.strip() and request.viewer.may(Permission.MEMBERS_VIEW):
        rows = member_selectors.narrowed(viewer=request.viewer, chosen={}, query=typed)
        try:
            root = selectors.parse(tree=segment.tree, brand_id=segment.brand_id)
            found = [
                (
                    person,
                    selectors.explained(tree=root, brand_id=segment.brand_id, member_id=person.pk),
                )
                for person in rows.order_by("-pk")[:MOST_EXPLAINED]
            ]
        except InvalidInput as error:
            refusal = str(error)
    context = {"segment": segment, "typed": typed, "found": found, "refusal": refusal}
    return render(request, "members/segments/_explain.html", context)


@console(Permission.SEGMENTS_EDIT, methods=("GET", "POST"))
def segments_new(request: ConsoleRequest) -> HttpResponseBase:
    """Build a new segment; ``?tree=`` or ``?from=ID`` starts from conditions there are."""
    if request.method == "POST":
        return _save(request, None)
    tree = None
    if copied := request.GET.get("from", ""):
        tree = _segment(request.viewer, int(copied) if copied.isdecimal() else 0).tree
    form = SegmentForm(initial={"tree": json.dumps(tree, ensure_ascii=False) if tree else ""})
    return _editor(request, form, None)


@console(Permission.SEGMENTS_EDIT, methods=("GET", "POST"))
def segments_edit(request: ConsoleRequest, segment_id: int) -> HttpResponseBase:
    """Change a segment."""
    segment = _segment(request.viewer, segment_id)
    if request.method == "POST":
        return _save(request, segment)
    initial = {
        "name": segment.name,
        "description": segment.description,
        "tree": json.dumps(segment.tree, ensure_ascii=False),
        "version": segment.version,
    }
    return _editor(request, SegmentForm(initial=initial), segment)


def _save(request: ConsoleRequest, segment: Segment | None) -> HttpResponseBase:
    form, now = SegmentForm(request.POST), timezone.now()
    if not form.is_valid():
        return _editor(request, form, segment)
    values = {name: form.cleaned_data[name] for name in ("name", "description", "tree")}
    try:
        if segment is None:
            saved = services.create_segment(**values, actor=request.viewer, now=now)
        else:
            saved = services.change_segment(
                segment=segment,
                changes=values,
                version=form.cleaned_data["version"] or 0,
                actor=request.viewer,
                now=now,
            )
    except DomainError as refusal:
        form_refusal(form, refusal)
        return _editor(request, form, segment)
    text = _("Segment saved: %(count)s people") % {"count": formats.grouped(saved.member_count)}
    messages.success(request, text)
    return go_to(request, "members:segments-detail", saved.pk)


def _editor(
    request: ConsoleRequest, form: SegmentForm, segment: Segment | None
) -> HttpResponseBase:
    text, words = form["tree"].value() or "", Words(request.viewer.brand_id)
    try:
        tree = rules.parse(rules.read(text), registry=words.fields) if text else None
    except InvalidInput:
        tree = None
    here = reverse("members:segments-new")
    context = {
        "form": form,
        "segment": segment,
        "action": reverse("members:segments-edit", args=[segment.pk]) if segment else here,
        "back": reverse("members:segments-detail", args=[segment.pk])
        if segment
        else reverse("members:segments-list"),
        "tree": text,
        "criteria": words.criteria(tree, reverse("members:segments-options")),
        "count_url": reverse("members:segments-count"),
    }
    full, part = "members/segments/edit.html", "members/segments/_form.html"
    return page_or_partial(request, full, part, context, form_status(form))


@console(Permission.SEGMENTS_VIEW, methods=("POST",))
def segments_count(request: ConsoleRequest) -> HttpResponseBase:
    """Count the posted tree for the builder: all, each condition alone, and a sample."""
    context: dict[str, Any] = {"id": BUILDER}
    try:
        tree = rules.read(request.POST.get("tree") or "null")
        if tree is not None and tree != rules.EVERYONE:
            root = selectors.parse(tree=tree, brand_id=request.viewer.brand_id)
            context |= _counted(root, request.viewer) | _by_condition(root, request.viewer)
            context |= _sample(context["people"])
    except InvalidInput as refusal:
        context["refusal"] = str(refusal)
        found = {problem.pointer: problem.detail for problem in refusal.problems}
        context["problems_json"] = json.dumps(found, ensure_ascii=False)
    return render(request, "components/builder/count.html", context)


def _counted(root: Group, viewer: Viewer) -> dict[str, Any]:
    """Return how many meet a tree and a few of them, in one statement over all members."""
    started = time.perf_counter()
    seen = selectors.preview(tree=root, now=timezone.now(), limit=SAMPLE, **_scope(viewer))
    took = max(time.perf_counter() - started, 0.1)
    people = selectors.people(member_ids=seen.member_ids, viewer=viewer)
    return {"count": seen.count, "took": took, "people": people}


def _by_condition(root: Group, viewer: Viewer) -> dict[str, Any]:
    """Return how many meet each condition alone, as far as there is time; for the builder only."""
    alone = selectors.counts_of_conditions(
        tree=root, now=timezone.now(), budget=CONDITION_SECONDS, **_scope(viewer)
    )
    return {"alone": alone, "counts_json": json.dumps(list(alone.values()))}


def _scope(viewer: Viewer) -> dict[str, Any]:
    return {"brand_id": viewer.brand_id, "dealer_ids": viewer.dealer_ids}


def _sample(people: list[Member]) -> dict[str, Any]:
    return {
        "columns": (_("Random sample"), _("Stage"), _("City"), _("Home dealer")),
        "sample": [
            (
                f"{formats.masked_name(person.display_name)} {person.phone_masked}".strip(),
                person.get_stage_display(),
                person.city.short_name if person.city else "",
                person.home_dealer.name if person.home_dealer else "",
            )
            for person in people
        ],
    }


@console(Permission.SEGMENTS_EDIT)
def segments_options(request: ConsoleRequest) -> HttpResponseBase:
    """Answer choices of a condition's input, by what is typed: ``?of=dealer.in&q=杭州``."""
    field, _dot, name = request.GET.get("of", "").rpartition(".")
    criterion = registry.of(request.viewer.brand_id).get(field)
    inputs = (each for cmp in criterion.comparisons for each in cmp.inputs) if criterion else ()
    found = next((each for each in inputs if each.name == name and each.options), None)
    if found is None or found.options is None:
        raise Http404
    options = found.options(request.viewer.brand_id)
    return JsonResponse(plain(matching(options, request.GET.get("q", ""))), safe=False)


@console(Permission.SEGMENTS_EDIT, methods=("POST",))
def segments_recount(request: ConsoleRequest, segment_id: int) -> HttpResponseBase:
    """Count a segment anew and keep the number."""
    segment = _segment(request.viewer, segment_id)
    services.recount(segment=segment, now=timezone.now())
    return go_to(request, "members:segments-detail", segment.pk)


@console(Permission.SEGMENTS_EDIT, methods=("POST",))
def segments_archive(request: ConsoleRequest, segment_id: int) -> HttpResponseBase:
    """Take a segment out of use, or with ``restore`` into use again."""
    segment, now = _segment(request.viewer, segment_id), timezone.now()
    if request.POST.get("restore"):
        services.restore_segment(segment=segment, actor=request.viewer, now=now)
        messages.success(request, _("Segment in use again"))
    else:
        services.archive_segment(segment=segment, actor=request.viewer, now=now)
        messages.success(request, _("Segment archived"))
    return go_to(request, "members:segments-detail", segment.pk)


@console(Permission.SEGMENTS_EDIT, methods=("POST",))
def segments_archive_several(request: ConsoleRequest) -> HttpResponseBase:
    """Ask about the segments ticked in the list, then take them out of use."""
    rows = Segment.objects.visible_to(request.viewer).filter(is_archived=False)
    segments = list(rows.filter(pk__in=ticked(request)).order_by("name"))
    if "sure" in request.POST:
        number = services.archive_several(
            segments=segments, actor=request.viewer, now=timezone.now()
        )
        text = ngettext("%(n)s segment archived", "%(n)s segments archived", number)
        return done(text=text % {"n": number}, close=True, changed="segments-changed")
    number = len(segments)
    asked = ngettext("Archive %(n)s segment?", "Archive %(n)s segments?", number)
    button = ngettext("Archive %(n)s segment", "Archive %(n)s segments", number)
    context = {
        "id": "archive-segments",
        "heading": asked % {"n": number},
        "text": _("What refers to them goes on working. They can be taken into use again."),
        "effects": [segment.name for segment in segments],
        "warning": "" if segments else _("All of these are archived already."),
        "fields": [("sure", "1"), *(("id", segment.pk) for segment in segments)],
        "action": reverse("members:segments-archive-several"),
        "button": button % {"n": number},
    }
    return render(request, "components/confirm.html", context)


def _bulk_actions(viewer: Viewer) -> list[dict[str, str]]:
    if not viewer.may(Permission.SEGMENTS_EDIT):
        return []
    url = reverse("members:segments-archive-several")
    return [{"label": _("Archive…"), "url": url, "icon": "archive"}]


def _segment(viewer: Viewer, segment_id: int) -> Segment:
    segment = Segment.objects.visible_to(viewer).filter(pk=segment_id).first()
    if segment is None:
        raise NotFound
    return segment
