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
from members.vehicle_models import rules, selectors, services
from members.vehicle_models.forms import ModelForm, NameForm
from members.vehicles.models import VehicleModel

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.forms import Form
    from django.http.response import HttpResponseBase

EDIT = Permission.VEHICLE_MODELS_EDIT
LIST = "members:vehicle-models-list"


@console(EDIT)
def vehicle_models_list(request: ConsoleRequest) -> HttpResponseBase:
    """List the brand's models with how many cars there are of each."""
    models = list(VehicleModel.objects.visible_to(request.viewer).order_by("name", "pk"))
    sizes = selectors.counts(brand_id=request.viewer.brand_id)
    context = {
        "rows": [(model, sizes.get(model.pk)) for model in models],
        "most": rules.MOST_MODELS,
        "is_full": len(models) >= rules.MOST_MODELS,
    }
    return render(request, "members/vehicle_models/list.html", context)


@console(EDIT, methods=("GET", "POST"))
def vehicle_models_new(request: ConsoleRequest) -> HttpResponseBase:
    """Add a model, in a drawer."""

    def write(values: dict[str, Any]) -> str:
        services.create_model(**values, actor=request.viewer, now=timezone.now())
        return _("Model added")

    form = ModelForm(request.POST or None)
    return _ask(request, form, write, _("New vehicle model"), _("Add model"))


@console(EDIT, methods=("GET", "POST"))
def vehicle_models_edit(request: ConsoleRequest, model_id: int) -> HttpResponseBase:
    """Rename a model, in a drawer."""
    model = _model(request, model_id)

    def write(values: dict[str, Any]) -> str:
        services.rename_model(model=model, **values, actor=request.viewer, now=timezone.now())
        return _("Model renamed")

    form = NameForm(request.POST or None, initial={"name": model.name, "version": model.version})
    heading = _("Rename model %(code)s") % {"code": model.code}
    return _ask(request, form, write, heading, _("Rename"))


@console(EDIT, methods=("GET", "POST"))
def vehicle_models_delete(request: ConsoleRequest, model_id: int) -> HttpResponseBase:
    """Ask, then delete a model that nothing names."""
    model = _model(request, model_id)
    if request.method == "POST":
        services.delete_model(model=model, actor=request.viewer, now=timezone.now())
        messages.success(request, _("Model deleted"))
        return go_to(request, LIST)
    context = {
        "id": "delete-model",
        "heading": _("Delete the model “%(name)s”?") % {"name": model.name},
        "text": _("No car can be entered as this model any more. There is none of it now."),
        "action": reverse("members:vehicle-models-delete", args=[model.pk]),
        "button": _("Delete model"),
        "danger": True,
    }
    return render(request, "components/confirm.html", context)


def _ask(
    request: ConsoleRequest,
    form: Form,
    write: Callable[[dict[str, Any]], str],
    heading: str,
    button: str,
) -> HttpResponseBase:
    """Answer a form in a drawer, or on a page of its own; write once it is right."""
    if request.method == "POST" and form.is_valid():
        try:
            messages.success(request, write(dict(form.cleaned_data)))
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            return go_to(request, LIST)
    context = {
        "id": "model-drawer",
        "form": form,
        "heading": heading,
        "button": button,
        "action": request.get_full_path(),
        "back": reverse(LIST),
    }
    full, part = "members/vehicle_models/form_page.html", "members/vehicles/_drawer.html"
    return page_or_partial(request, full, part, context, form_status(form))


def _model(request: ConsoleRequest, model_id: int) -> VehicleModel:
    model = VehicleModel.objects.visible_to(request.viewer).filter(pk=model_id).first()
    if model is None:
        raise NotFound
    return model
