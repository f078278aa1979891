from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

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
from members.custom_fields import rules, selectors, services
from members.custom_fields.forms import FieldForm
from members.custom_fields.models import CustomField

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

USUAL_KIND = CustomField.Kind.TEXT


@console(Permission.FIELDS_EDIT)
def custom_fields_list(request: ConsoleRequest) -> HttpResponseBase:
    """List the brand's fields in their order, the archived ones apart."""
    return _list(request)


def _list(request: ConsoleRequest) -> HttpResponseBase:
    rows = CustomField.objects.visible_to(request.viewer).order_by("position", "pk")
    fields = list(rows)
    specs = {spec.pk: spec for spec in selectors.specs_of(fields)}
    in_use = [field for field in fields if not field.is_archived]
    context = {
        "rows": [(field, specs[field.pk], place) for place, field in enumerate(in_use)],
        "last": len(in_use) - 1,
        "archived": [field for field in fields if field.is_archived],
        "most": rules.MOST_FIELDS,
        "is_full": len(fields) >= rules.MOST_FIELDS,
    }
    return page_or_partial(
        request, "members/custom_fields/list.html", "members/custom_fields/_list.html", context
    )


@console(Permission.FIELDS_EDIT)
def custom_fields_counts(request: ConsoleRequest) -> HttpResponseBase:
    """Answer how many members have a value in each field; the list asks for it by itself."""
    found = selectors.counts(brand_id=request.viewer.brand_id)
    context = {"counts": list(found.items())}
    return render(request, "members/custom_fields/_counts.html", context)


@console(Permission.FIELDS_EDIT, methods=("GET", "POST"))
def custom_fields_new(request: ConsoleRequest) -> HttpResponseBase:
    """Declare a field. ``?kind=`` asks for what that kind needs, with what was typed so far."""
    given = request.POST if request.method == "POST" else request.GET
    kind = given.get("kind", "")
    kind = kind if kind in CustomField.Kind.values else USUAL_KIND
    if request.method == "GET":
        initial = {"data_class": "internal", **request.GET.dict(), "kind": kind}
        return _editor(request, FieldForm(initial=initial, kind=kind), None)
    form = FieldForm(request.POST, kind=kind)
    if form.is_valid():
        try:
            field = services.create_field(
                values=form.values(), actor=request.viewer, now=timezone.now()
            )
        except DomainError as refusal:
            _refuse(form, refusal)
        else:
            messages.success(request, _("Field “%(name)s” declared") % {"name": field.label})
            return go_to(request, "members:custom-fields-list")
    return _editor(request, form, None)


@console(Permission.FIELDS_EDIT, methods=("GET", "POST"))
def custom_fields_edit(request: ConsoleRequest, field_id: int) -> HttpResponseBase:
    """Change a field."""
    field = _field(request, field_id)
    (spec,) = selectors.specs_of([field])
    if request.method == "GET":
        return _editor(request, FieldForm.of(field, spec), field)
    form = FieldForm.of(field, spec, request.POST)
    if form.is_valid():
        try:
            services.change_field(
                field=field,
                changes=form.values(),
                version=form.cleaned_data["version"] or 0,
                actor=request.viewer,
                now=timezone.now(),
            )
        except DomainError as refusal:
            _refuse(form, refusal)
        else:
            messages.success(request, _("Field saved"))
            return go_to(request, "members:custom-fields-list")
    return _editor(request, form, field)


def _refuse(form: FieldForm, refusal: DomainError) -> None:
    """Put refusals on their fields; one about a choice there is, on that choice's own."""
    known = [bound.name for bound in form.known_choices if form.cleaned_data[bound.name].strip()]
    others = []
    for problem in refusal.problems:
        head, _slash, place = problem.pointer.strip("/").partition("/")
        if head == "choices" and place.isdecimal() and int(place) < len(known):
            form.add_error(known[int(place)], problem.detail)
        else:
            others.append(problem)
    if others or not refusal.problems:
        form_refusal(form, type(refusal)(str(refusal), problems=tuple(others)))


def _editor(
    request: ConsoleRequest, form: FieldForm, field: CustomField | None
) -> HttpResponseBase:
    new = reverse("members:custom-fields-new")
    context: dict[str, Any] = {
        "form": form,
        "row": field,
        "archived_choices": [choice for choice in form.spec.choices if choice.is_archived]
        if form.spec
        else [],
        "limits": [
            form[name] for name in ("max_length", "low", "high", "decimals") if name in form.fields
        ],
        "kind_url": new,
        "action": reverse("members:custom-fields-edit", args=[field.pk]) if field else new,
        "back": reverse("members:custom-fields-list"),
    }
    full, part = "members/custom_fields/edit.html", "members/custom_fields/_form.html"
    return page_or_partial(request, full, part, context, form_status(form))


@console(Permission.FIELDS_EDIT, methods=("POST",))
def custom_fields_move(request: ConsoleRequest, field_id: int) -> HttpResponseBase:
    """Put a field at the place ``to``, counted from 0, and show the list anew."""
    field, to = _field(request, field_id), request.POST.get("to", "")
    if to.isascii() and to.isdecimal() and len(to) < 6:
        services.move_field(field=field, to=int(to), actor=request.viewer, now=timezone.now())
    if request.htmx:
        return _list(request)
    return go_to(request, "members:custom-fields-list")


@console(Permission.FIELDS_EDIT, methods=("POST",))
def custom_fields_archive(request: ConsoleRequest, field_id: int) -> HttpResponseBase:
    """Ask for a field no more, or with ``restore`` again."""
    field, now = _field(request, field_id), timezone.now()
    if request.POST.get("restore"):
        services.restore_field(field=field, actor=request.viewer, now=now)
        messages.success(request, _("Field in use again"))
    else:
        services.archive_field(field=field, actor=request.viewer, now=now)
        messages.success(request, _("Field archived; its values are kept"))
    return go_to(request, "members:custom-fields-list")


def _field(request: ConsoleRequest, field_id: int) -> CustomField:
    field = CustomField.objects.visible_to(request.viewer).filter(pk=field_id).first()
    if field is None:
        raise NotFound
    return field
