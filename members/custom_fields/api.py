from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from core.kernel.access import Permission
from core.kernel.api import BrandViewSet, ModelSerializer, Serializer, VersionField
from members.custom_fields import rules, selectors, services
from members.custom_fields.models import CustomChoice, CustomField

if TYPE_CHECKING:
    from rest_framework.request import Request


class ChoiceOut(ModelSerializer):
    class Meta:
        model = CustomChoice
        fields = ["id", "label", "is_archived"]


class FieldOut(ModelSerializer):
    choices = serializers.SerializerMethodField()
    low = serializers.SerializerMethodField()
    high = serializers.SerializerMethodField()

    class Meta:
        model = CustomField
        fields = [
            *("id", "key", "label", "help", "kind", "position", "is_required", "data_class"),
            *("max_length", "low", "high", "decimals", "choices"),
            *("archived_at", "created_at", "version"),
        ]

    @extend_schema_field(ChoiceOut(many=True))
    def get_choices(self, field: CustomField) -> list[dict[str, Any]]:
        """Return the choices in their order, the archived ones last."""
        rows = sorted(field.choices.all(), key=lambda row: (row.is_archived, row.position, row.pk))
        return [dict(ChoiceOut(row).data) for row in rows]

    def get_low(self, field: CustomField) -> float | None:
        """Return the least number allowed."""
        return None if field.low is None else float(rules.number_of(field.low))

    def get_high(self, field: CustomField) -> float | None:
        """Return the greatest number allowed."""
        return None if field.high is None else float(rules.number_of(field.high))


class FieldCount(Serializer):
    """How many members have a value in a field: exactly, or more than ``number``."""

    id = serializers.IntegerField(help_text="Of the field.")
    number = serializers.IntegerField()
    is_capped = serializers.BooleanField(help_text="There are more; nobody counted on.")


class FieldCounts(Serializer):
    results = FieldCount(many=True)


class ChoiceIn(Serializer):
    """``id`` names a choice there is; without, the choice is new."""

    id = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    label = serializers.CharField(max_length=200)  # type: ignore[assignment]  # a field of that name


class FieldChange(Serializer):
    """``choices`` are all that shall be offered, in their order; one left out is archived."""

    label = serializers.CharField(max_length=200)  # type: ignore[assignment]  # a field of that name
    help = serializers.CharField(max_length=400, allow_blank=True, required=False)
    is_required = serializers.BooleanField(required=False)
    data_class = serializers.ChoiceField(choices=CustomField.DataClass.choices, required=False)
    max_length = serializers.IntegerField(required=False, allow_null=True)
    low = serializers.DecimalField(17, 4, required=False, allow_null=True)
    high = serializers.DecimalField(17, 4, required=False, allow_null=True)
    decimals = serializers.IntegerField(required=False)
    choices = ChoiceIn(many=True, required=False)
    position = serializers.IntegerField(min_value=0, max_value=rules.MOST_FIELDS, required=False)
    version = VersionField()


class FieldIn(FieldChange):
    version = None  # type: ignore[assignment]  # a new field has no version to compare
    position = None  # type: ignore[assignment]  # and comes last
    key = serializers.CharField(max_length=80)
    kind = serializers.ChoiceField(choices=CustomField.Kind.choices)


class CustomFieldViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Fields that the brand declared itself. Members carry their values as ``custom``.

    Key and kind never change. A field that is deleted is archived: it is asked for no more, its
    values stay, and ``restore`` takes it into use again.
    """

    queryset = CustomField.objects.prefetch_related("choices")
    serializer_class = FieldOut
    inputs = {"create": FieldIn, "partial_update": FieldChange}
    permissions = {
        "GET": Permission.MEMBERS_VIEW,
        "counts": Permission.FIELDS_EDIT,
        "POST": Permission.FIELDS_EDIT,
        "PATCH": Permission.FIELDS_EDIT,
        "DELETE": Permission.FIELDS_EDIT,
    }
    orderings = ("position", "id")

    def create(self, request: Request) -> Response:
        """Declare a field."""
        field = services.create_field(values=self.parsed(), actor=self.viewer, now=timezone.now())
        return self.created(field)

    def partial_update(self, request: Request, **_kwargs: Any) -> Response:
        """Change a field, unless somebody did so meanwhile."""
        field, changes, now = self.get_object(), self.parsed(), timezone.now()
        version, place = changes.pop("version"), changes.pop("position", None)
        services.change_field(
            field=field, changes=changes, version=version, actor=self.viewer, now=now
        )
        if place is not None:
            services.move_field(field=field, to=place, actor=self.viewer, now=now)
        return self.rendered(self.get_object())

    def destroy(self, request: Request, **_kwargs: Any) -> Response:
        """Archive a field; its values are kept."""
        services.archive_field(field=self.get_object(), actor=self.viewer, now=timezone.now())
        return Response(status=HTTPStatus.NO_CONTENT)

    @extend_schema(responses=FieldCounts)
    @action(detail=False, methods=["get"], pagination_class=None, filter_backends=[])
    def counts(self, request: Request) -> Response:
        """Count the members who have a value in each field, the archived ones included."""
        found = selectors.counts(brand_id=self.viewer.brand_id)
        rows = [
            {"id": pk, "number": size.number, "is_capped": size.is_capped}
            for pk, size in sorted(found.items())
        ]
        return Response({"results": rows})

    @extend_schema(request=None, responses=FieldOut)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, **_kwargs: Any) -> Response:
        """Take an archived field into use again, after the others."""
        services.restore_field(field=self.get_object(), actor=self.viewer, now=timezone.now())
        return self.rendered(self.get_object())
