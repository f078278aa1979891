"""What members say about what a brand sets up first: its own fields and its vehicle models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.audit.ports import SubjectKind, register_actions, register_subjects
from core.kernel.access import Permission
from core.kernel.navigation import NavItem, Section
from core.kernel.navigation import register as register_places
from members.custom_fields.criteria import PREFIX as CUSTOM
from members.custom_fields.criteria import criteria_of
from members.custom_fields.models import CustomField
from members.segments.ports import register_criteria_of_brands
from members.vehicles.models import VehicleModel

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from core.kernel.access import Viewer

SENTENCES = {
    "custom_field.created": _("declared the field"),
    "custom_field.changed": _("changed the field"),
    "custom_field.moved": _("moved to another place the field"),
    "custom_field.archived": _("archived the field"),
    "custom_field.restored": _("took into use again the field"),
    "custom_field.set_for_many": _("set for %(count)s members the field"),
    "vehiclemodel.created": _("added the vehicle model"),
    "vehiclemodel.renamed": _("renamed from %(before)s to %(after)s the vehicle model"),
    "vehiclemodel.deleted": _("deleted the vehicle model %(name)s"),
}


def register_setup() -> None:
    """Fill the registries."""
    register_criteria_of_brands(CUSTOM, criteria_of)
    register_actions(SENTENCES)
    register_subjects(
        {
            "members.customfield": SubjectKind(_("Custom field"), _custom_fields),
            "members.vehiclemodel": SubjectKind(_("Vehicle model"), _vehicle_models),
        }
    )
    register_places(
        NavItem(
            _("Custom fields"),
            "members:custom-fields-list",
            "list",
            Permission.FIELDS_EDIT,
            order=215,
            section=Section.SETUP,
        ),
        NavItem(
            _("Vehicle models"),
            "members:vehicle-models-list",
            "car",
            Permission.VEHICLE_MODELS_EDIT,
            order=216,
            section=Section.SETUP,
        ),
    )


def _custom_fields(viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    rows = CustomField.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", "label")
    return {pk: (label, reverse("members:custom-fields-edit", args=[pk])) for pk, label in rows}


def _vehicle_models(viewer: Viewer, ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    rows = VehicleModel.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", "name")
    return {pk: (name, reverse("members:vehicle-models-list")) for pk, name in rows}
