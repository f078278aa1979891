from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from communities.communities import listing, presenting, selectors, services
from communities.communities.forms import (
    AddMemberForm,
    EditCommunityForm,
    NewCommunityForm,
)
from communities.communities.models import Community
from communities.communities.services import Wanted
from communities.group_building import selectors as build_selectors
from communities.memberships import selectors as membership_selectors
from communities.memberships import services as membership_services
from communities.policies import selectors as policy_selectors
from communities.policies.models import Kind
from communities.rooms import selectors as room_selectors
from communities.rooms import services as room_services
from core.audit import selectors as audit_selectors
from core.audit.models import AuditEntry
from core.kernel.access import Permission
from core.kernel.badges import kind_badge
from core.kernel.console import (
    ConsoleRequest,
    console,
    form_refusal,
    form_status,
    go_to,
    page_or_partial,
)
from core.kernel.errors import DomainError, NotFound
from core.kernel.feedback import done
from core.kernel.middleware import opens_own_tenant
from core.kernel.paging import keyset_page
from core.kernel.scoping import tenant
from core.saved_views import selectors as saved_views

if TYPE_CHECKING:
    from django.forms import Form
    from django.http.response import HttpResponseBase

    from core.kernel.access import Viewer

NEWEST = 5
PAGE_SIZE = 50
ROOMS_SHOWN = 60
ENTRIES_SHOWN = 50
REFUSED = 422
CHANGED = "communities-changed"


@console(Permission.COMMUNITIES_VIEW)
def communities_list(request: ConsoleRequest) -> HttpResponseBase:
    """List communities, the newest first."""
    form = listing.form_of(request.GET, request.viewer)
    page = keyset_page(
        listing.narrowed(viewer=request.viewer, form=form, typed=request.GET.get("q", "")),
        order=listing.COMMUNITIES.order_of(request.GET),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE_SIZE,
    )
    context = {
        "rows": page.rows,
        "filter_form": form,
        "next": page.next,
        "previous": page.previous,
        "views": saved_views.views_of(
            key="communities", viewer=request.viewer, query=request.GET, usual=_views(request)
        ),
        "may_edit": request.viewer.may(Permission.COMMUNITIES_EDIT),
        "may_build": request.viewer.may(Permission.BUILDS_RUN),
        "columns": [("c-place", _("Where")), ("c-rooms", _("Rooms")), ("c-since", _("Since"))],
    }
    name = "communities/communities"
    return page_or_partial(request, f"{name}/list.html", f"{name}/_list.html", context)


def _views(request: ConsoleRequest) -> list[dict[str, Any]]:
    counts = selectors.counts_by_kind(viewer=request.viewer)
    chosen = request.GET.get("kind", "")
    every = {"url": "?", "label": _("All"), "count": sum(counts.values()), "is_current": not chosen}
    return [every] + [
        {
            "url": f"?kind={kind}",
            "label": kind_badge(kind).label,
            "count": counts.get(kind, 0),
            "is_current": chosen == kind,
        }
        for kind in Kind.values
    ]


def _fetch(request: ConsoleRequest, community_id: int) -> Any:
    return fetch(viewer=request.viewer, community_id=community_id)


def fetch(*, viewer: Viewer, community_id: int) -> Any:
    """Return a community with its figures.

    Raises:
        NotFound: it does not exist for the viewer.
    """
    community = selectors.listed(viewer=viewer).filter(pk=community_id).first()
    if community is None:
        raise NotFound(_("This community does not exist."))
    return community


@console(Permission.COMMUNITIES_EDIT, methods=["GET", "POST"])
def communities_new(request: ConsoleRequest) -> HttpResponseBase:
    """Create a community with its first room."""
    form = NewCommunityForm(
        request.POST or None, viewer=request.viewer, initial={"kind": request.GET.get("kind")}
    )
    if request.method == "POST" and form.is_valid():
        try:
            community = room_services.open_community(
                wanted=_wanted(form), actor=request.viewer, now=timezone.now()
            )
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            messages.success(request, _("“%s” is open, with its first room.") % community.name)
            return go_to(request, "communities:communities-detail", community.pk)
    context = {
        "form": form,
        "policies": policy_selectors.current_policies(brand_id=request.viewer.brand_id),
    }
    name = "communities/communities"
    status = REFUSED if form.is_bound else 200
    return page_or_partial(request, f"{name}/new.html", f"{name}/_form.html", context, status)


def _wanted(form: NewCommunityForm) -> Wanted:
    chosen = form.cleaned_data
    return Wanted(
        kind=chosen["kind"],
        dealer_id=chosen["dealer"].pk if chosen["dealer"] else None,
        city_code=chosen["city"],
        topic=chosen["topic"].strip(),
        name=chosen["name"].strip(),
        room_cap=chosen["room_cap"],
        event=chosen["event"].strip(),
        starts_at=chosen["starts_at"],
        ends_at=chosen["ends_at"],
    )


@console(Permission.COMMUNITIES_VIEW)
def communities_detail(request: ConsoleRequest, community_id: int) -> HttpResponseBase:
    """Show a community: its rooms and how full they are, its policy at a glance."""
    community = _fetch(request, community_id)
    policy = policy_selectors.current_policies(brand_id=community.brand_id).get(community.kind)
    alert = policy.alert_percent if policy else 80
    rooms = room_selectors.rooms_of(community=community, limit=ROOMS_SHOWN + 1)
    seats = membership_selectors.seats(viewer=request.viewer).filter(community=community)
    context = presenting.header(
        community=community, viewer=request.viewer, current="communities-detail"
    ) | {
        "rooms": presenting.room_rows(rooms=rooms[:ROOMS_SHOWN], alert_percent=alert),
        "has_more_rooms": len(rooms) > ROOMS_SHOWN,
        "policy": policy,
        "newest": membership_selectors.marked(seats.order_by("-pk")[:NEWEST]),
    }
    name = "communities/communities"
    return page_or_partial(request, f"{name}/detail.html", f"{name}/_rooms.html", context)


@console(Permission.COMMUNITIES_VIEW)
def communities_members(request: ConsoleRequest, community_id: int) -> HttpResponseBase:
    """List a community's people, the newest first."""
    community = _fetch(request, community_id)
    page = keyset_page(
        membership_selectors.seats_in(
            viewer=request.viewer, community_id=community.pk, typed=request.GET.get("q", "")
        ),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE_SIZE,
    )
    context = presenting.header(
        community=community, viewer=request.viewer, current="communities-members"
    ) | {
        "rows": membership_selectors.marked(page.rows),
        "next": page.next,
        "previous": page.previous,
    }
    name = "communities/communities"
    return page_or_partial(request, f"{name}/members.html", f"{name}/_members.html", context)


@console(Permission.COMMUNITIES_VIEW)
def communities_policy(request: ConsoleRequest, community_id: int) -> HttpResponseBase:
    """Show the rules that hold for a community."""
    community = _fetch(request, community_id)
    policy = policy_selectors.current_policy(brand_id=community.brand_id, kind=community.kind)
    context = presenting.header(
        community=community, viewer=request.viewer, current="communities-policy"
    ) | {"policy": policy, "may_edit_policy": request.viewer.may(Permission.POLICIES_EDIT)}
    return render(request, "communities/communities/policy.html", context)


@console(Permission.COMMUNITIES_VIEW)
def communities_builds(request: ConsoleRequest, community_id: int) -> HttpResponseBase:
    """Show which build runs had people for a community."""
    community = _fetch(request, community_id)
    if not request.viewer.is_brand_wide:
        raise NotFound
    context = presenting.header(
        community=community, viewer=request.viewer, current="communities-builds"
    ) | {"runs": build_selectors.runs_into(community=community)}
    return render(request, "communities/communities/builds.html", context)


@console(Permission.AUDIT_VIEW)
def communities_audit(request: ConsoleRequest, community_id: int) -> HttpResponseBase:
    """Show who did what to a community."""
    community = _fetch(request, community_id)
    entries = (
        AuditEntry.objects.visible_to(request.viewer)
        .filter(subject_type=Community._meta.label_lower, subject_id=community.pk)
        .order_by("-pk")[:ENTRIES_SHOWN]
    )
    context = presenting.header(
        community=community, viewer=request.viewer, current="communities-audit"
    ) | {"entries": audit_selectors.lines_of(entries=entries, viewer=request.viewer)}
    return render(request, "communities/communities/audit.html", context)


@console(Permission.COMMUNITIES_EDIT, methods=["GET", "POST"])
def communities_edit(request: ConsoleRequest, community_id: int) -> HttpResponseBase:
    """Rename a community, change its topic and the seats of its future rooms."""
    community = _fetch(request, community_id)
    fields = ("name", "topic", "room_cap", "ends_at", "version")
    initial = {name: getattr(community, name) for name in fields} | {"rename_rooms": True}
    form = EditCommunityForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        rename, now = chosen.pop("rename_rooms"), timezone.now()
        try:
            changed = services.edit_community(
                community=community, **chosen, actor=request.viewer, now=now
            )
            if rename and changed.name != community.name:
                room_services.rename_rooms(community=changed, actor=request.viewer, now=now)
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            messages.success(request, _("Community saved"))
            return go_to(request, "communities:communities-detail", community.pk)
    context = {"form": form, "community": community, "id": "community-edit", "action": request.path}
    return _drawer(request, "communities/communities/edit_drawer.html", context, form)


def _drawer(
    request: ConsoleRequest, template: str, context: dict[str, Any], form: Form
) -> HttpResponseBase:
    return render(request, template, context, status=form_status(form))


@console(Permission.COMMUNITIES_EDIT, methods=["GET", "POST"])
def communities_archive(request: ConsoleRequest, community_id: int) -> HttpResponseBase:
    """Dissolve a community; the person types its name, since it cannot be undone."""
    community = _fetch(request, community_id)
    error = ""
    if request.method == "POST":
        try:
            people = membership_services.archive_community(
                community=community,
                typed_name=request.POST.get("must", ""),
                actor=request.viewer,
                now=timezone.now(),
            )
        except DomainError as refusal:
            error = str(refusal)
        else:
            text = ngettext(
                "Dissolved. %(n)s person left.", "Dissolved. %(n)s people left.", people
            )
            messages.success(request, text % {"n": f"{people:,}"})
            return go_to(request, "communities:communities-detail", community.pk)
    context = {"community": community, "error": error, "action": request.path}
    status = REFUSED if error else 200
    return render(request, "communities/communities/archive.html", context, status=status)


@console(Permission.COMMUNITIES_EDIT, methods=["GET", "POST"])
def rooms_open(request: ConsoleRequest, community_id: int) -> HttpResponseBase:
    """Open the next numbered room by hand."""
    community = _fetch(request, community_id)
    if request.method == "POST":
        room = room_services.open_next_room(
            community_id=community.pk, actor=request.viewer, now=timezone.now()
        )
        messages.success(request, _("“%(room)s” is open") % {"room": room.name})
        return go_to(request, "communities:communities-detail", community.pk)
    context = {
        "community": community,
        "action": request.path,
        "next_name": room_selectors.next_name(community=community),
        "free_seats": max(0, community.seats - community.people),
    }
    return render(request, "communities/communities/open_room.html", context)


@opens_own_tenant
@console(Permission.COMMUNITIES_EDIT, methods=["GET", "POST"])
def memberships_add(request: ConsoleRequest, community_id: int) -> HttpResponseBase:
    """Find a member and give them a seat in the first room that has one."""
    with tenant(request.viewer.brand_id):
        community = _fetch(request, community_id)
        form = AddMemberForm(request.POST or None)
        typed = (request.POST if form.is_bound else request.GET).get("q", "")
        hits = membership_selectors.find_members(typed=typed, viewer=request.viewer)
        policies = policy_selectors.current_policies(brand_id=community.brand_id)
        context = {
            "policy": policies.get(community.kind),
            "chosen": form.data.get("member", ""),
            "form": form,
            "community": community,
            "id": "member-add",
            "action": request.path,
            "hits": hits,
            "typed": typed,
        }
        if request.htmx and request.htmx.target == "member-hits":
            return render(request, "communities/memberships/_hits.html", context)
    if request.method == "POST" and form.is_valid():
        try:
            seat = membership_services.add_member(
                community_id=community.pk,
                member_id=form.cleaned_data["member"],
                role=form.cleaned_data["role"],
                promote=form.cleaned_data["promote"],
                actor=request.viewer,
                now=timezone.now(),
            )
        except DomainError as refusal:
            form_refusal(form, refusal)
            context["asks_promotion"] = isinstance(refusal, membership_services.EntryNotMet)
        else:
            text = _("Added to “%(room)s”") % {"room": seat.room.name}
            return done(text=text, close=True, changed=CHANGED)
    with tenant(request.viewer.brand_id):
        return _drawer(request, "communities/communities/add_drawer.html", context, form)
