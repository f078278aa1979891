from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_htmx.http import reselect, reswap, retarget

from core.kernel.access import Permission
from core.kernel.console import (
    ConsoleRequest,
    console,
    form_refusal,
    go_to,
    page_or_partial,
    ticked,
)
from core.kernel.errors import DomainError, NotFound
from core.kernel.feedback import done
from core.kernel.paging import keyset_page
from core.saved_views import selectors as saved_views
from core.sign_in import selectors as sign_in_selectors
from core.sign_in import services as sign_in_services
from core.staff import listing, selectors, services
from core.staff.forms import GrantForm, NewStaffForm, StaffForm
from core.staff.models import Role, Staff
from core.staff.selectors import StaffFilter

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.http.response import HttpResponseBase


PAGE_SIZE = 50
REFUSED = 422
FORM_FIELDS = ("display_name", "email")


@console(Permission.STAFF_VIEW)
def staff_list(request: ConsoleRequest) -> HttpResponseBase:
    """List the people in sight by name."""
    form = listing.form_of(request.GET, request.viewer)
    page = keyset_page(
        listing.narrowed(viewer=request.viewer, form=form),
        order=listing.STAFF.order_of(request.GET),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE_SIZE,
    )
    context = {
        "rows": [_row(staff) for staff in page.rows],
        "filter_form": form,
        "views": saved_views.views_of(key="staff", viewer=request.viewer, query=request.GET),
        "next": page.next,
        "previous": page.previous,
        "may_edit": request.viewer.may(Permission.STAFF_EDIT),
        "bulk_actions": _bulk_actions(request),
        "columns": [
            ("c-roles", _("Roles")),
            ("c-state", _("State")),
            ("c-seen", _("Last seen")),
        ],
    }
    return page_or_partial(request, "core/staff/list.html", "core/staff/_list.html", context)


def _bulk_actions(request: ConsoleRequest) -> list[dict[str, str]]:
    if not request.viewer.may(Permission.STAFF_EDIT):
        return []
    url = reverse("core:staff-deactivate-several")
    return [{"label": _("Deactivate…"), "url": url, "icon": "lock"}]


def _row(staff: Any) -> dict[str, Any]:
    return {"staff": staff, "grants": _grants(staff), "seen_at": staff.seen_at}


def _grants(staff: Any) -> list[dict[str, Any]]:
    return [
        {
            "id": grant.pk,
            "role": Role(grant.role).label,
            "place": selectors.place_of(grant=grant),
        }
        for grant in staff.shown_grants
    ]


def _fetch(request: ConsoleRequest, staff_id: int) -> Any:
    rows = selectors.people(viewer=request.viewer, narrowed=StaffFilter())
    staff = rows.filter(pk=staff_id).first()
    if staff is None:
        raise NotFound
    return staff


@console(Permission.STAFF_EDIT)
def staff_detail(request: ConsoleRequest, staff_id: int) -> HttpResponseBase:
    """Show one person: roles, signed-in browsers, what was done."""
    staff = _fetch(request, staff_id)
    context = {
        "staff": staff,
        "grants": _grants(staff),
        "is_self": staff.pk == request.viewer.staff_id,
        "sessions": sign_in_selectors.sessions_of(
            staff_id=staff.pk,
            current_key=request.session.session_key,
            now=timezone.now(),
        ),
    }
    return render(request, "core/staff/detail.html", context)


@console(Permission.STAFF_EDIT, methods=["GET", "POST"])
def staff_new(request: ConsoleRequest) -> HttpResponseBase:
    """Take a person on; their initial password is shown once, on the answer itself."""
    form = NewStaffForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            staff, password = services.create_staff(
                **form.cleaned_data, actor=request.viewer, now=timezone.now()
            )
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            return _show_password(request, staff, password, is_new=True)
    status = REFUSED if form.errors else 200
    return render(request, "core/staff/new.html", {"form": form}, status=status)


def _show_password(
    request: ConsoleRequest, staff: Staff, password: str, *, is_new: bool
) -> HttpResponse:
    context = {"id": "staff-password", "staff": staff, "secret": password, "is_new": is_new}
    response = page_or_partial(
        request, "core/staff/password.html", "core/staff/password_dialog.html", context
    )
    response.headers["Cache-Control"] = "no-store"
    if request.htmx:  # Out of the question's form, into a dialog of its own.
        retarget(reselect(reswap(response, "innerHTML"), "dialog"), "#layer")
    return response


@console(Permission.STAFF_EDIT, methods=["GET", "POST"])
def staff_edit(request: ConsoleRequest, staff_id: int) -> HttpResponseBase:
    """Correct name and address in a drawer."""
    staff = _fetch(request, staff_id)
    initial = {name: getattr(staff, name) for name in FORM_FIELDS}
    form = StaffForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_staff(
                staff_id=staff.pk, **form.cleaned_data, actor=request.viewer, now=timezone.now()
            )
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            messages.success(request, _("Changes saved"))
            return go_to(request, "core:staff-detail", staff.pk)
    context = {
        "id": "staff-edit",
        "action": reverse("core:staff-edit", args=[staff.pk]),
        "form": form,
        "staff": staff,
    }
    return _drawer(request, "core/staff/edit.html", "core/staff/edit_drawer.html", context)


def _drawer(
    request: ConsoleRequest, full: str, partial: str, context: dict[str, Any]
) -> HttpResponse:
    status = REFUSED if context["form"].errors else 200
    return page_or_partial(request, full, partial, context, status=status)


@console(Permission.STAFF_EDIT, methods=["GET", "POST"])
def staff_grant(request: ConsoleRequest, staff_id: int) -> HttpResponseBase:
    """Give a role in a drawer; choosing the role asks for the nodes that fit it."""
    staff = _fetch(request, staff_id)
    chosen = request.POST or request.GET
    form = GrantForm(
        request.POST or None,
        viewer=request.viewer,
        chosen=chosen,
        initial={"role": Role.HQ_OPERATOR} | request.GET.dict(),
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.grant_role(
                staff_id=staff.pk,
                **form.cleaned_data,
                actor=request.viewer,
                now=timezone.now(),
            )
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            messages.success(request, _("Role granted"))
            return go_to(request, "core:staff-detail", staff.pk)
    context = {
        "id": "staff-grant",
        "action": reverse("core:staff-grant", args=[staff.pk]),
        "form": form,
        "staff": staff,
    }
    if request.method == "GET" and request.GET:
        return render(request, "core/staff/_grant_fields.html", context)
    return _drawer(request, "core/staff/grant.html", "core/staff/grant_drawer.html", context)


@console(Permission.STAFF_EDIT, methods=["GET", "POST"])
def staff_lift(request: ConsoleRequest, staff_id: int, grant_id: int) -> HttpResponseBase:
    """Ask, then take a role away."""
    staff = _fetch(request, staff_id)
    grant = next((g for g in _grants(staff) if g["id"] == grant_id), None)
    if grant is None:
        raise NotFound
    if request.method == "POST":
        services.lift_role(
            staff_id=staff.pk, grant_id=grant_id, actor=request.viewer, now=timezone.now()
        )
        messages.success(request, _("Role lifted"))
        return go_to(request, "core:staff-detail", staff.pk)
    place = grant["place"] or _("the whole brand")
    return _confirm(
        request,
        staff,
        heading=_("Lift a role of %(name)s?") % {"name": staff.display_name},
        text=_("%(role)s for %(place)s ends with the next click of this person.")
        % {"role": grant["role"], "place": place},
        action=reverse("core:staff-lift", args=[staff.pk, grant_id]),
        button=_("Lift role"),
    )


@console(Permission.STAFF_EDIT, methods=["GET", "POST"])
def staff_deactivate(request: ConsoleRequest, staff_id: int) -> HttpResponseBase:
    """Ask, then shut a person out at once."""
    staff = _fetch(request, staff_id)
    if request.method == "POST":
        services.deactivate(staff_id=staff.pk, actor=request.viewer, now=timezone.now())
        messages.success(request, _("%(name)s can no longer sign in") % {"name": staff})
        return go_to(request, "core:staff-detail", staff.pk)
    return _confirm(
        request,
        staff,
        heading=_("Deactivate %(name)s?") % {"name": staff.display_name},
        text=_(
            "All browsers of this person are signed out at once. Roles and history stay, "
            "so that they can be let in again."
        ),
        action=reverse("core:staff-deactivate", args=[staff.pk]),
        button=_("Deactivate %(name)s") % {"name": staff.display_name},
    )


@console(Permission.STAFF_EDIT, methods=["POST"])
def staff_deactivate_several(request: ConsoleRequest) -> HttpResponseBase:
    """Ask about the people ticked in the list, then shut them out at once."""
    rows = Staff.objects.visible_to(request.viewer).filter(pk__in=ticked(request), is_active=True)
    people = list(rows.exclude(pk=request.viewer.staff_id).order_by("display_name"))
    if "sure" in request.POST:
        number, refusals = services.deactivate_several(
            staff_ids=[person.pk for person in people], actor=request.viewer, now=timezone.now()
        )
        text = ngettext("%(n)s person shut out", "%(n)s people shut out", number) % {"n": number}
        text = " · ".join([text, *dict.fromkeys(refusals)])
        return done(text=text, close=True, changed="staff-changed")
    number = len(people)
    asked = ngettext("Deactivate %(n)s person?", "Deactivate %(n)s people?", number)
    button = ngettext("Deactivate %(n)s person", "Deactivate %(n)s people", number)
    context = {
        "id": "deactivate-staff",
        "heading": asked % {"n": number},
        "text": _(
            "All their browsers are signed out at once. Roles and history stay, "
            "so that they can be let in again."
        ),
        "effects": [person.display_name for person in people],
        "warning": "" if people else _("None of these can be deactivated by you."),
        "fields": [("sure", "1"), *(("id", person.pk) for person in people)],
        "action": reverse("core:staff-deactivate-several"),
        "button": button % {"n": number},
        "danger": True,
    }
    return render(request, "components/confirm.html", context)


@console(Permission.STAFF_EDIT, methods=["POST"])
def staff_reactivate(request: ConsoleRequest, staff_id: int) -> HttpResponseBase:
    """Let a person in again."""
    staff = _fetch(request, staff_id)
    services.reactivate(staff_id=staff.pk, actor=request.viewer, now=timezone.now())
    messages.success(request, _("%(name)s can sign in again") % {"name": staff})
    return go_to(request, "core:staff-detail", staff.pk)


@console(Permission.STAFF_EDIT, methods=["GET", "POST"])
def staff_reset_password(request: ConsoleRequest, staff_id: int) -> HttpResponseBase:
    """Ask, then show a new initial password once."""
    staff = _fetch(request, staff_id)
    if request.method == "POST":
        staff, password = services.reset_password(
            staff_id=staff.pk, actor=request.viewer, now=timezone.now()
        )
        return _show_password(request, staff, password, is_new=False)
    return _confirm(
        request,
        staff,
        heading=_("Give %(name)s a new password?") % {"name": staff.display_name},
        text=_(
            "The old password stops working and all browsers of this person are signed out. "
            "You see the new one once; they choose their own when they sign in."
        ),
        action=reverse("core:staff-reset-password", args=[staff.pk]),
        button=_("Make a new password"),
        plain=True,
    )


@console(Permission.STAFF_EDIT, methods=["POST"])
def staff_end_session(request: ConsoleRequest, staff_id: int, ref: str) -> HttpResponseBase:
    """Sign one browser of a person out."""
    staff = _fetch(request, staff_id)
    sign_in_services.end_session(staff=staff, ref=ref, actor=request.viewer, now=timezone.now())
    messages.success(request, _("Browser signed out"))
    return go_to(request, "core:staff-detail", staff.pk)


@console(Permission.STAFF_EDIT, methods=["POST"])
def staff_end_sessions(request: ConsoleRequest, staff_id: int) -> HttpResponseBase:
    """Sign every browser of a person out."""
    staff = _fetch(request, staff_id)
    sign_in_services.end_sessions(staff=staff, actor=request.viewer, now=timezone.now())
    messages.success(request, _("All browsers signed out"))
    return go_to(request, "core:staff-detail", staff.pk)


def _confirm(request: ConsoleRequest, staff: Staff, **words: Any) -> HttpResponse:
    """Return the question; without scripts the same as a page of its own."""
    context = {
        "id": "staff-confirm",
        "danger": not words.pop("plain", False),
        "back": reverse("core:staff-detail", args=[staff.pk]),
        **words,
    }
    return page_or_partial(request, "core/staff/confirm.html", "components/confirm.html", context)
