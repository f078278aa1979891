from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console, form_refusal, go_to, page_or_partial
from core.kernel.errors import DomainError, InvalidInput, NotFound
from members.members import selectors as members
from members.profiles.models import Member
from members.vehicles import rules, selectors, services
from members.vehicles.forms import CarForm, EndForm, ReadingForm, TransferForm, VisitForm
from members.vehicles.models import Ownership, Vehicle
from members.vehicles.services import Car

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.forms import Form
    from django.http.response import HttpResponseBase

    from core.kernel.access import Viewer

EDIT = Permission.MEMBERS_EDIT


@console(Permission.MEMBERS_VIEW)
def vehicles_detail(request: ConsoleRequest, vehicle_id: int) -> HttpResponseBase:
    """Show one car: its owners over time, its mileage, its visits to workshops."""
    vehicle, viewer = _vehicle(request.viewer, vehicle_id), request.viewer
    context = {
        "vehicle": vehicle,
        "history": selectors.history_of(vehicle=vehicle, viewer=viewer),
        "may_edit": viewer.may(EDIT),
        "sees_audit": viewer.may(Permission.AUDIT_VIEW),
    }
    return render(request, "members/vehicles/detail.html", context)


@console(EDIT, methods=("GET", "POST"))
def vehicles_add(request: ConsoleRequest, member_id: int) -> HttpResponseBase:
    """Add a car to a member, in a drawer."""
    member = _member(request.viewer, member_id)
    form = CarForm(request.POST or None, viewer=request.viewer)
    may_set_up = request.viewer.may(Permission.VEHICLE_MODELS_EDIT)
    more = {
        "lacks_models": not form.has_models,
        "models_url": reverse("members:vehicle-models-list") if may_set_up else "",
    }

    def write(values: dict[str, Any]) -> HttpResponseBase:
        delivered_on = values.pop("delivered_on")
        car = Car(**values)
        services.add_ownership(
            member=member,
            car=car,
            delivered_on=delivered_on,
            actor=request.viewer,
            now=timezone.now(),
        )
        messages.success(request, _("Vehicle added"))
        if not rules.has_right_check_digit(rules.normalized_vin(car.vin)):
            messages.warning(request, rules.WARNINGS["vin_check_digit"])
        return go_to(request, "members:members-detail", member.pk)

    return _ask(request, form, write, _("Add a vehicle"), _("Add vehicle"), member, more)


@console(EDIT, methods=("GET", "POST"))
def vehicles_read(request: ConsoleRequest, vehicle_id: int) -> HttpResponseBase:
    """Enter what the odometer showed, in a drawer."""
    vehicle = _vehicle(request.viewer, vehicle_id)
    form = ReadingForm(request.POST or None, initial={"read_on": timezone.localdate()})

    def write(values: dict[str, Any]) -> HttpResponseBase:
        services.record_reading(vehicle=vehicle, **values, actor=request.viewer, now=timezone.now())
        messages.success(request, _("Mileage saved"))
        return go_to(request, "members:vehicles-detail", vehicle.pk)

    return _ask(request, form, write, _("Enter the mileage"), _("Save mileage"), vehicle)


@console(EDIT, methods=("GET", "POST"))
def vehicles_visit(request: ConsoleRequest, vehicle_id: int) -> HttpResponseBase:
    """Enter a visit to a workshop, in a drawer."""
    vehicle = _vehicle(request.viewer, vehicle_id)
    initial = {"visited_on": timezone.localdate()}
    form = VisitForm(request.POST or None, viewer=request.viewer, initial=initial)

    def write(_values: dict[str, Any]) -> HttpResponseBase:
        services.record_visit(
            vehicle=vehicle, **form.values(), actor=request.viewer, now=timezone.now()
        )
        messages.success(request, _("Visit saved"))
        return go_to(request, "members:vehicles-detail", vehicle.pk)

    return _ask(request, form, write, _("Enter a service visit"), _("Save visit"), vehicle)


@console(EDIT, methods=("GET", "POST"))
def ownerships_end(request: ConsoleRequest, ownership_id: int) -> HttpResponseBase:
    """Note that a car is no longer its owner's, in a drawer."""
    held = _ownership(request.viewer, ownership_id)
    form = EndForm(request.POST or None, initial={"ended_on": timezone.localdate()})

    def write(values: dict[str, Any]) -> HttpResponseBase:
        services.end_ownership(ownership=held, **values, actor=request.viewer, now=timezone.now())
        messages.success(request, _("Ownership ended"))
        return go_to(request, "members:members-detail", held.member_id)

    return _ask(request, form, write, _("End the ownership"), _("End ownership"), held.member)


@console(EDIT, methods=("GET", "POST"))
def ownerships_transfer(request: ConsoleRequest, ownership_id: int) -> HttpResponseBase:
    """Hand a car on to another member, in a drawer."""
    held = _ownership(request.viewer, ownership_id)
    form = TransferForm(request.POST or None, initial={"on": timezone.localdate()})

    def write(values: dict[str, Any]) -> HttpResponseBase:
        services.transfer(
            ownership=held,
            to=_meant(request.viewer, values["to"]),
            on=values["on"],
            actor=request.viewer,
            now=timezone.now(),
        )
        messages.success(request, _("Vehicle transferred"))
        return go_to(request, "members:vehicles-detail", held.vehicle_id)

    return _ask(request, form, write, _("Transfer the vehicle"), _("Transfer"), held.member)


def _ask(
    request: ConsoleRequest,
    form: Form,
    write: Callable[[dict[str, Any]], HttpResponseBase],
    heading: str,
    button: str,
    back: Member | Vehicle,
    more: Mapping[str, Any] | None = None,
) -> HttpResponseBase:
    """Answer a form in a drawer, or on a page of its own; write once it is right."""
    if request.method == "POST" and form.is_valid():
        try:
            return write(dict(form.cleaned_data))
        except DomainError as refusal:
            form_refusal(form, refusal)
    place = "vehicles-detail" if isinstance(back, Vehicle) else "members-detail"
    context = {
        "id": "car-drawer",
        "form": form,
        "heading": heading,
        "button": button,
        "action": request.get_full_path(),
        "back": reverse(f"members:{place}", args=[back.pk]),
        **(more or {}),
    }
    status = 422 if form.is_bound and form.errors else 200
    full, part = "members/vehicles/form_page.html", "members/vehicles/_drawer.html"
    return page_or_partial(request, full, part, context, status)


def _meant(viewer: Viewer, typed: str) -> Member:
    """Return the one member meant by a phone, a customer number or a number."""
    found = members.meant_by(typed=typed, viewer=viewer)
    if len(found) > 1:
        raise InvalidInput.on("/to", _("Several members match. Enter the whole phone number."))
    if not found:
        raise InvalidInput.on("/to", _("There is no such member."), "unknown_member")
    return found[0]


def _member(viewer: Viewer, member_id: int) -> Member:
    member = Member.objects.visible_to(viewer).filter(pk=member_id).first()
    if member is None:
        raise NotFound
    return member


def _vehicle(viewer: Viewer, vehicle_id: int) -> Vehicle:
    rows = Vehicle.objects.visible_to(viewer).select_related("model")
    vehicle = rows.filter(pk=vehicle_id).first()
    if vehicle is None:
        raise NotFound
    return vehicle


def _ownership(viewer: Viewer, ownership_id: int) -> Ownership:
    rows = Ownership.objects.visible_to(viewer).select_related("member", "vehicle")
    held = rows.filter(pk=ownership_id).first()
    if held is None:
        raise NotFound
    return held
