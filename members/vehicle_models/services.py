"""Setting up the models. Codes never change: files and other systems refer to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel import formats
from core.kernel.access import Permission
from core.kernel.errors import DomainError, InvalidInput
from members.vehicle_models import rules, selectors
from members.vehicles.models import Vehicle, VehicleModel

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer

ONE_PER_CODE = "members_vehiclemodel_one_per_code"


class ModelInUse(DomainError):
    """Cars or conditions name the model."""

    code = "vehicle_model_in_use"


@transaction.atomic
def create_model(*, code: str, name: str, actor: Viewer, now: datetime) -> VehicleModel:
    """Add a model that cars of the brand may be.

    Raises:
        Forbidden: the actor may not set models up.
        InvalidInput: code or name are wrong or taken, or there are as many as there may be.
    """
    actor.require(Permission.VEHICLE_MODELS_EDIT)
    model = VehicleModel(
        brand_id=actor.brand_id, code=rules.checked_code(code), name=rules.checked_name(name)
    )
    others = _others(model)
    if len(others) >= rules.MOST_MODELS:
        text = _("A brand has at most %d vehicle models.") % rules.MOST_MODELS
        raise InvalidInput.on("", text, "too_many")
    _require_unlike(model.code, "/code", others)
    _require_unlike(model.name, "/name", others)
    try:
        with transaction.atomic():
            model.save(force_insert=True)
    except IntegrityError as error:
        if ONE_PER_CODE not in str(error):
            raise
        raise InvalidInput.on("/code", _("This code is taken."), "taken") from error
    data = {"code": model.code}
    audit.record(action="vehiclemodel.created", subject=model, actor=actor, now=now, data=data)
    return model


@transaction.atomic
def rename_model(
    *,
    model: VehicleModel,
    name: str,
    actor: Viewer,
    now: datetime,
    version: int | None = None,
) -> VehicleModel:
    """Call a model something else; its cars, conditions and files by code stay as they are.

    Raises:
        Forbidden: the actor may not set models up.
        InvalidInput: the name is wrong or taken.
        NotFound: the model is gone.
        StaleVersion: somebody changed the model since ``version`` was read.
    """
    actor.require(Permission.VEHICLE_MODELS_EDIT)
    held = VehicleModel.objects.select_for_update().or_gone(pk=model.pk)
    held.require_version(version)
    name, before = rules.checked_name(name), held.name
    if name == before:
        return held
    _require_unlike(name, "/name", _others(held))
    held.name, held.version = name, held.version + 1
    held.save(update_fields=["name", "version"])
    data = {"before": before, "after": name}
    audit.record(action="vehiclemodel.renamed", subject=held, actor=actor, now=now, data=data)
    return held


@transaction.atomic
def delete_model(*, model: VehicleModel, actor: Viewer, now: datetime) -> None:
    """Delete a model that nothing names. The lock keeps cars of it from being entered meanwhile.

    Raises:
        Forbidden: the actor may not set models up.
        ModelInUse: there are cars of it, or conditions ask for it.
        NotFound: the model is gone.
    """
    actor.require(Permission.VEHICLE_MODELS_EDIT)
    held = VehicleModel.objects.select_for_update().or_gone(pk=model.pk)
    if Vehicle.objects.filter(brand_id=held.brand_id, model=held).exists():
        raise ModelInUse(_("There are cars of this model. It can be renamed, not deleted."))
    if names := selectors.names_of_conditions(model=held):
        told = formats.listed(names[:5])
        raise ModelInUse(_("These ask for the model: %(names)s.") % {"names": told})
    data = {"code": held.code, "name": held.name}
    audit.record(action="vehiclemodel.deleted", subject=held, actor=actor, now=now, data=data)
    held.delete()


def _others(model: VehicleModel) -> list[tuple[str, str]]:
    rows = VehicleModel.objects.filter(brand_id=model.brand_id).exclude(pk=model.pk)
    return list(rows.values_list("code", "name"))


def _require_unlike(text: str, pointer: str, others: list[tuple[str, str]]) -> None:
    """Refuse what a file could take for another model: it names models by code or by name."""
    taken = {rules.as_in_files(known) for pair in others for known in pair}
    if rules.as_in_files(text) in taken:
        told = _("Another model has this code or name; capitals and signs make no difference.")
        raise InvalidInput.on(pointer, told, "taken")
