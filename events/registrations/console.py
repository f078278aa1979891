from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from communities.memberships.selectors import find_members
from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console, form_refusal
from core.kernel.errors import DomainError, NotFound
from core.kernel.feedback import done
from core.kernel.middleware import opens_own_tenant
from core.kernel.scoping import tenant
from events.calendar.models import Event
from events.registrations import services
from events.registrations.forms import RegisterForm
from events.registrations.models import Registration
from events.registrations.rules import State
from events.registrations.services import Wish

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

CHANGED = "registrations-changed"
REFUSED = 422
NAME = "events/registrations"


@opens_own_tenant
@console(Permission.EVENTS_EDIT, methods=["GET", "POST"])
def registrations_add(request: ConsoleRequest, event_id: int) -> HttpResponseBase:
    """Find a member and register them, or let them in at the door."""
    with tenant(request.viewer.brand_id):
        event = Event.objects.visible_to(request.viewer).filter(pk=event_id).first()
        if event is None:
            raise NotFound(_("This event does not exist."))
        typed = request.GET.get("q", "")
        form = RegisterForm(request.POST if request.method == "POST" else None)
        context = {
            "form": form,
            "event": event,
            "id": "registration-add",
            "action": request.path,
            "hits": find_members(typed=typed, viewer=request.viewer),
            "typed": typed,
        }
        if request.htmx and request.htmx.target == "member-hits":
            return render(request, "communities/memberships/_hits.html", context)
    if request.method == "POST" and form.is_valid():
        try:
            text = _registered(request, event_id, form.cleaned_data)
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            return done(text=text, close=True, changed=CHANGED)
    with tenant(request.viewer.brand_id):
        status = REFUSED if form.is_bound else 200
        return render(request, f"{NAME}/add_drawer.html", context, status=status)


def _registered(request: ConsoleRequest, event_id: int, chosen: dict[str, Any]) -> str:
    is_here = chosen["is_here"]
    wish = Wish(
        event_id=event_id,
        member_id=chosen["member"],
        state=State.CHECKED_IN if is_here else State.REGISTERED,
        guests=chosen["guests"],
        source=Registration.Source.DOOR if is_here else Registration.Source.MANUAL,
    )
    _row, is_new = services.put(wish=wish, actor=request.viewer, now=timezone.now())
    if is_here:
        return _("1 member checked in")
    return _("1 member registered") if is_new else _("The registration stands")


@opens_own_tenant
@console(Permission.EVENTS_EDIT, methods=["POST"])
def registrations_check_in(request: ConsoleRequest, registration_id: int) -> HttpResponseBase:
    """Say that somebody came."""
    services.change(
        registration_id=registration_id,
        state=State.CHECKED_IN,
        actor=request.viewer,
        now=timezone.now(),
    )
    return done(text=_("1 member checked in"), changed=CHANGED)


@opens_own_tenant
@console(Permission.EVENTS_EDIT, methods=["GET", "POST"])
def registrations_cancel(request: ConsoleRequest, registration_id: int) -> HttpResponseBase:
    """Free somebody's place, once the effect was read."""
    if request.method == "POST":
        services.change(
            registration_id=registration_id,
            state=State.CANCELLED,
            actor=request.viewer,
            now=timezone.now(),
        )
        return done(text=_("1 registration called off"), close=True, changed=CHANGED)
    with tenant(request.viewer.brand_id):
        rows = Registration.objects.visible_to(request.viewer).select_related("member", "event")
        row = rows.filter(pk=registration_id).first()
        if row is None:
            raise NotFound(_("This registration does not exist."))
        context = {"row": row, "id": f"registration-{row.pk}", "action": request.path}
        return render(request, f"{NAME}/cancel.html", context)
