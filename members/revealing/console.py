from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_htmx.http import reselect, reswap, retarget, trigger_client_event

from core.kernel import formats
from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console, form_refusal, go_to, page_or_partial
from core.kernel.errors import DomainError, NotFound
from core.kernel.paging import keyset_page
from members.profiles.models import Member
from members.revealing import selectors, services
from members.revealing.forms import LimitForm, RevealForm
from members.revealing.models import Reveal

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.http.response import HttpResponseBase

    from members.revealing.services import Revealed

PAGE_SIZE, REFUSED, SECONDS = 50, 422, 30


@console(Permission.MEMBERS_REVEAL, methods=("GET", "POST"))
def reveals_new(request: ConsoleRequest, member_id: int) -> HttpResponseBase:
    """Ask for the reason, then show the whole value for half a minute."""
    member = _member(request, member_id)
    field, of_id = _asked(request)
    form = RevealForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            found = services.reveal(
                member=member,
                field=field,
                of_id=of_id,
                **form.cleaned_data,
                actor=request.viewer,
                now=timezone.now(),
            )
        except NotFound:
            raise
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            return _shown(request, member, found)
    status = REFUSED if form.errors else 200
    context = _context(request, member) | {
        "id": "reveal",
        "form": form,
        "heading": _("Reveal the %(what)s") % {"what": Reveal.Field(field).label},
        "button": _("Reveal for %(seconds)s seconds") % {"seconds": SECONDS},
        "action": request.get_full_path(),
        "left": selectors.left_today(viewer=request.viewer, now=timezone.now()),
    }
    return page_or_partial(
        request, "members/revealing/ask.html", "members/revealing/_ask.html", context, status
    )


def _shown(request: ConsoleRequest, member: Member, found: Revealed) -> HttpResponse:
    context = _context(request, member) | {"value": found.value, "seconds": SECONDS}
    template = "members/revealing/_shown.html" if request.htmx else "members/revealing/shown.html"
    response = render(request, template, context)
    response.headers["Cache-Control"] = "no-store"
    if request.htmx:
        place = f"#{context['place']}"
        retarget(response, place)
        reselect(response, place)
        reswap(response, "outerHTML")
        trigger_client_event(response, "close-layer", {})
    return response


def _context(request: ConsoleRequest, member: Member) -> dict[str, Any]:
    field, of_id = _asked(request)
    return {
        "member": member,
        "field": field,
        "of": of_id,
        "place": f"shown-{field}" + (f"-{of_id}" if of_id else ""),
        "mask": _mask(member, field, of_id),
        "back": reverse("members:members-detail", args=[member.pk]),
        "may_reveal": True,
    }


def _asked(request: ConsoleRequest) -> tuple[str, int | None]:
    field, text = request.GET.get("field", "phone"), request.GET.get("of", "")
    if field not in Reveal.Field.values:
        raise NotFound
    is_number = text.isascii() and text.isdecimal() and len(text) < 19
    return field, int(text) if is_number else None


def _mask(member: Member, field: str, of_id: int | None) -> str:
    if field == Reveal.Field.PHONE:
        return member.phone_masked
    if field == Reveal.Field.VIN:
        held = member.ownerships.filter(brand_id=member.brand_id, vehicle_id=of_id or 0)
        tail = held.values_list("vehicle__vin_tail", flat=True).first() or ""
        return _("VIN …%(tail)s") % {"tail": tail}
    found = member.identities.filter(brand_id=member.brand_id, pk=of_id or 0).first()
    return formats.masked_tail(found.value) if found else ""


@console(Permission.PRIVACY_VIEW)
def reveals_list(request: ConsoleRequest) -> HttpResponseBase:
    """List who saw which value of whom, and why, the newest first."""
    page = keyset_page(
        selectors.reveals(viewer=request.viewer),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE_SIZE,
    )
    context = {
        "rows": page.rows,
        "next": page.next,
        "previous": page.previous,
        "per_day": selectors.limit_of(brand_id=request.viewer.brand_id).per_day,
        "may_edit": request.viewer.may(Permission.PRIVACY_EDIT) and request.viewer.is_brand_wide,
    }
    return page_or_partial(
        request, "members/revealing/list.html", "members/revealing/_list.html", context
    )


@console(Permission.PRIVACY_EDIT, methods=("GET", "POST"))
def reveals_limit(request: ConsoleRequest) -> HttpResponseBase:
    """Set how many values a person may reveal a day."""
    held = selectors.limit_of(brand_id=request.viewer.brand_id)
    form = LimitForm(request.POST or None, initial={"per_day": held.per_day})
    if request.method == "POST" and form.is_valid():
        try:
            services.change_limit(**form.cleaned_data, actor=request.viewer, now=timezone.now())
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            messages.success(request, _("Limit saved"))
            return go_to(request, "members:reveals-list")
    context = {
        "id": "reveal-limit",
        "form": form,
        "heading": _("Limit of reveals"),
        "button": _("Save limit"),
        "action": request.path,
        "back": reverse("members:reveals-list"),
    }
    return page_or_partial(
        request,
        "members/revealing/limit.html",
        "members/revealing/_limit.html",
        context,
        REFUSED if form.errors else 200,
    )


def _member(request: ConsoleRequest, member_id: int) -> Member:
    member = Member.objects.visible_to(request.viewer).filter(pk=member_id).first()
    if member is None:
        raise NotFound
    return member
