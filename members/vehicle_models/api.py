from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from rest_framework import mixins, serializers
from rest_framework.response import Response

from core.kernel.access import Permission
from core.kernel.api import BrandViewSet, Filter, ModelSerializer, Serializer, VersionField
from members.profiles.rules import NAME_LENGTH
from members.vehicle_models import rules, services
from members.vehicles.models import VehicleModel

if TYPE_CHECKING:
    from rest_framework.request import Request


class VehicleModelOut(ModelSerializer):
    class Meta:
        model = VehicleModel
        fields = ["id", "code", "name", "version"]


class VehicleModelChange(Serializer):
    name = serializers.CharField(max_length=NAME_LENGTH, help_text="As people say it.")
    version = VersionField()


class VehicleModelIn(VehicleModelChange):
    version = None  # type: ignore[assignment]  # a new model has no version to compare
    code = serializers.RegexField(
        rf"^{rules.CODE}\Z",
        max_length=rules.LONGEST_CODE,
        help_text="What files and other systems call it; never changes.",
    )


class VehicleModelViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """The models that cars of the brand may be. Files and batches name one by code or name."""

    queryset: Any = VehicleModel.objects.all()
    serializer_class = VehicleModelOut
    inputs = {"create": VehicleModelIn, "partial_update": VehicleModelChange}
    permissions = {
        "GET": Permission.MEMBERS_VIEW,
        "POST": Permission.VEHICLE_MODELS_EDIT,
        "PATCH": Permission.VEHICLE_MODELS_EDIT,
        "DELETE": Permission.VEHICLE_MODELS_EDIT,
    }
    filters = {
        "code": Filter(serializers.CharField(max_length=32), "code", "Exactly this code."),
    }
    orderings = ("id", "code", "name")

    def create(self, request: Request) -> Response:
        """Add a model, at most 200 a brand. Neither code nor name may be another model's."""
        model = services.create_model(**self.parsed(), actor=self.viewer, now=timezone.now())
        return self.created(model)

    def partial_update(self, request: Request, **_kwargs: Any) -> Response:
        """Rename a model; its code stays."""
        model, changes = self.get_object(), self.parsed()
        if "name" in changes:
            model = services.rename_model(
                model=model, **changes, actor=self.viewer, now=timezone.now()
            )
        return self.rendered(model)

    def destroy(self, request: Request, **_kwargs: Any) -> Response:
        """Delete a model; refused (`vehicle_model_in_use`) while cars or conditions name it."""
        services.delete_model(model=self.get_object(), actor=self.viewer, now=timezone.now())
        return Response(status=HTTPStatus.NO_CONTENT)
