from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.kernel import formats
from core.kernel.access import Permission
from core.kernel.console import (
    ConsoleRequest,
    console,
    form_refusal,
    form_status,
    go_to,
    page_or_partial,
)
from core.kernel.errors import DomainError, NotFound
from core.kernel.filter_chips import query_with
from core.kernel.navigation import url_of
from core.kernel.paging import keyset_page
from core.kernel.sizes import in_words, size_of
from core.organizations.models import City, Dealer
from core.saved_views import selectors as saved_views
from members.custom_fields import selectors as custom_fields
from members.erasure import selectors as erasures
from members.members import listing, selectors, services
from members.members.forms import CUSTOM, MemberForm
from members.merging import selectors as merging
from members.orders import selectors as orders
from members.orders.rules import category_asked
from members.profiles.models import Member
from members.profiles.ports import panels_for

if TYPE_CHECKING:
    from datetime import datetime

    from django.http.response import HttpResponseBase

    from core.kernel.access import Viewer
    from core.kernel.sizes import Size

PAGE_SIZE, ORDERS = 30, 20
GONE = 410
COLUMNS = [
    ("c-car", gettext_lazy("Vehicle")),
    ("c-stage", gettext_lazy("Stage")),
    ("c-tags", gettext_lazy("Tags")),
    ("c-dealer", gettext_lazy("Home dealer")),
    ("c-city", gettext_lazy("City")),
    ("c-active", gettext_lazy("Last active")),
    ("c-added", gettext_lazy("Added")),
]


@console(Permission.MEMBERS_VIEW)
def members_list(request: ConsoleRequest) -> HttpResponseBase:
    """List members, the newest first, narrowed by what is in the address."""
    viewer, now = request.viewer, timezone.now()
    form, query = listing.form_of(request.GET, viewer), request.GET.get("q", "")
    chosen = listing.chosen_of(form, viewer)
    rows = listing.found(viewer=viewer, chosen=chosen, text=query, now=now)
    page = keyset_page(
        rows,
        order=listing.MEMBERS.order_of(request.GET),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE_SIZE,
    )
    is_everybody = not query.strip() and not any(chosen.values()) and viewer.is_brand_wide
    size = size_of(rows=rows, is_everybody=is_everybody)
    lines = selectors.lines_of(members=page.rows)
    extra = listing.add_columns(lines, viewer)
    context = {
        "rows": lines,
        "filter_form": form,
        "views": saved_views.views_of(key="members", viewer=request.viewer, query=request.GET),
        "next": page.next,
        "previous": page.previous,
        "summary": in_words(size, _("people")),
        "columns": [*COLUMNS, *extra],
        "extra": extra,
        "is_narrowed": bool(query.strip()) or any(chosen.values()),
        "may_edit": viewer.may(Permission.MEMBERS_EDIT),
        "import_url": url_of("members:imports-list")
        if viewer.may(Permission.MEMBERS_IMPORT)
        else "",
        "may_segment": viewer.may(Permission.SEGMENTS_EDIT),
        "bulk_actions": _bulk_actions(request, size),
    }
    return page_or_partial(
        request, "members/members/list.html", "members/members/_list.html", context
    )


def _bulk_actions(request: ConsoleRequest, size: Size) -> list[dict[str, Any]]:
    if not request.viewer.may(Permission.TAGS_EDIT):
        return []
    pick = reverse("members:tags-pick")
    everyone = query_with(request.GET, everyone="1")
    number = in_words(size, _("people"))
    return [
        {"label": _("Tag…"), "url": pick, "icon": "tag"},
        {"label": _("Tag all: %(number)s…") % {"number": number}, "url": f"{pick}?{everyone}"},
    ]


@console(Permission.MEMBERS_VIEW)
def members_detail(request: ConsoleRequest, member_id: int) -> HttpResponseBase:
    """Show one member: what happened to them, and a card of each concept that knows something.

    The address of somebody who was merged leads to who they are now.
    """
    viewer, now = request.viewer, timezone.now()
    if erasure := erasures.gone(viewer=viewer, member_id=member_id):
        return render(request, "members/erasure/gone.html", {"erasure": erasure}, status=GONE)
    try:
        member = _member(viewer, member_id)
    except NotFound:
        winner_id = merging.winner_of(member_id=member_id, viewer=viewer)
        if winner_id is None:
            raise
        messages.info(request, _("The member you asked for was merged into this one."))
        return go_to(request, "members:members-detail", winner_id)
    may_edit = viewer.may(Permission.MEMBERS_EDIT)
    cards = _cards(request, member, now)
    subject = {"subject": member._meta.label_lower, "number": str(member.pk)}
    context = {
        "member": member,
        "name": member.display_name if may_edit else formats.masked_name(member.display_name),
        "main": cards[True],
        "aside": cards[False],
        "days_in_stage": (localdate(now) - member.stage_since).days if member.stage_since else None,
        "may_edit": may_edit,
        "may_reveal": viewer.may(Permission.MEMBERS_REVEAL),
        "may_erase": viewer.may(Permission.MEMBERS_ERASE),
        "may_disclose": viewer.may(Permission.MEMBERS_DISCLOSE),
        "erasure": erasures.waiting_of(viewer=viewer, member_id=member.pk),
        "audit_url": f"{reverse('core:audit-list')}?{urlencode(subject)}"
        if viewer.may(Permission.AUDIT_VIEW)
        else "",
    }
    return render(request, "members/members/detail.html", context)


def _cards(request: ConsoleRequest, member: Member, now: datetime) -> dict[bool, list[str]]:
    """Draw the cards of the main column (true) and of the one beside it."""
    cards: dict[bool, list[str]] = {True: [], False: []}
    for _key, panel in panels_for(request.viewer):
        found = panel.load(member=member, viewer=request.viewer, now=now, query=request.GET)
        if found is not None:
            card = render_to_string(panel.template, {"member": member, **found}, request)
            cards[panel.is_main].append(card)
    return cards


@console(Permission.MEMBERS_VIEW)
def members_orders(request: ConsoleRequest, member_id: int) -> HttpResponseBase:
    """Answer a page of a member's orders, the newest first."""
    member = _member(request.viewer, member_id)
    category = category_asked(request.GET.get("category", ""))
    page = keyset_page(
        orders.orders_of(member=member, category=category),
        order="-ordered_at",
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=ORDERS,
    )
    context = {
        "member": member,
        "rows": page.rows,
        "next": page.next,
        "previous": page.previous,
        "category": category,
        "categories": orders.categories_of(member=member),
    }
    return page_or_partial(
        request, "members/members/orders.html", "members/members/_orders.html", context
    )


@console(Permission.MEMBERS_EDIT, methods=("GET", "POST"))
def members_new(request: ConsoleRequest) -> HttpResponseBase:
    """Take in a member by hand."""
    if request.method == "POST":
        return _save(request, None)
    return _edit(request, MemberForm(**_asked(request.viewer, None)), None)


def _asked(viewer: Viewer, member: Member | None) -> dict[str, Any]:
    """Return whom the form is about: the brand's own fields, and what the member has in them."""
    brand_id, held = viewer.brand_id, None
    fields = custom_fields.specs(brand_id=brand_id)
    if member is not None:
        known = custom_fields.values_of(brand_id=brand_id, member_ids=[member.pk], fields=fields)
        held = known[member.pk]
    return {"viewer": viewer, "is_new": member is None, "custom": fields, "held": held}


@console(Permission.MEMBERS_EDIT, methods=("GET", "POST"))
def members_edit(request: ConsoleRequest, member_id: int) -> HttpResponseBase:
    """Change what is known about a member."""
    member = _member(request.viewer, member_id)
    if request.method == "POST":
        return _save(request, member)
    initial = {
        "display_name": member.display_name,
        "customer_no": member.customer_no or "",
        "gender": member.gender,
        "city": member.city_id or "",
        "home_dealer": member.home_dealer_id or "",
        "stage": member.stage,
        "version": member.version,
    }
    form = MemberForm(initial=initial, **_asked(request.viewer, member))
    return _edit(request, form, member)


def _save(request: ConsoleRequest, member: Member | None) -> HttpResponseBase:
    form = MemberForm(request.POST, **_asked(request.viewer, member))
    if not form.is_valid():
        return _edit(request, form, member)
    given, custom = form.cleaned_data, form.custom_values()
    values = {name: value for name, value in given.items() if not name.startswith(CUSTOM)}
    version = values.pop("version")
    values["city"] = City.objects.filter(pk=values["city"]).first()
    dealers = Dealer.objects.visible_to(request.viewer)
    values["home_dealer"] = dealers.filter(pk=values["home_dealer"] or 0).first()
    if member is not None and not values["phone"]:
        del values["phone"]  # Left empty, the number stays.
    try:
        saved = _write(request.viewer, member, values, custom, version)
    except DomainError as refusal:
        form_refusal(form, refusal)
        return _edit(request, form, member)
    messages.success(request, _("Member saved"))
    return go_to(request, "members:members-detail", saved.pk)


def _write(
    viewer: Viewer,
    member: Member | None,
    values: dict[str, Any],
    custom: dict[str, Any],
    version: int | None,
) -> Member:
    now = timezone.now()
    if member is None:
        return services.register_member(values=values, custom=custom, actor=viewer, now=now)
    return services.change_member(
        member=member, changes=values, custom=custom, version=version or 0, actor=viewer, now=now
    )


def _edit(request: ConsoleRequest, form: MemberForm, member: Member | None) -> HttpResponseBase:
    there = [member.pk] if member else []
    name = "members:members-edit" if member else "members:members-new"
    back = "members:members-detail" if member else "members:members-list"
    context = {
        "form": form,
        "member": member,
        "action": reverse(name, args=there),
        "back": reverse(back, args=there),
    }
    full, part = "members/members/edit.html", "members/members/_form.html"
    return page_or_partial(request, full, part, context, form_status(form))


def _member(viewer: Viewer, member_id: int) -> Member:
    rows = Member.objects.visible_to(viewer).select_related("city", "home_dealer__region")
    member = rows.filter(pk=member_id).first()
    if member is None:
        raise NotFound
    return member
