"""Serializers that refuse what they do not know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.fields import empty

from core.kernel import periods

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import Model, QuerySet


# What JSON must bring for a field; REST framework would turn 5 into "5" and "yes" into true.
JSON_TYPES: tuple[tuple[type[Any], tuple[type, ...]], ...] = (
    (serializers.ChoiceField, (str,)),
    (serializers.CharField, (str,)),
    (serializers.BooleanField, (bool,)),
    (serializers.IntegerField, (int,)),
    (serializers.FloatField, (int, float)),
    (serializers.DecimalField, (int, float, str)),
    (serializers.DateTimeField, (str,)),
    (serializers.DateField, (str,)),
    (serializers.TimeField, (str,)),
    (serializers.UUIDField, (str,)),
)


class _Strict:
    """Unknown, read-only or mistyped members of a body are errors, not silence.

    A client that sends ``tenant_id`` or misspells ``region`` learns so, instead of believing that
    it was heard.
    """

    def to_internal_value(self, data: Any) -> Any:
        """Refuse members that no writable field takes as they are, then convert as usual."""
        problems = self._objections(data) if isinstance(data, dict) else {}
        try:
            value = super().to_internal_value(data)  # type: ignore[misc]
        except serializers.ValidationError as error:
            if problems and isinstance(error.detail, dict):
                raise serializers.ValidationError(error.detail | problems) from error
            raise
        if problems:
            raise serializers.ValidationError(problems)
        return value

    def _objections(self, data: Mapping[str, Any]) -> dict[str, Any]:
        fields = self.fields  # type: ignore[attr-defined]
        problems: dict[str, Any] = {}
        for name, value in data.items():
            if name not in fields:
                problems[name] = [ErrorDetail(str(_("Unknown field.")), "unknown_field")]
            elif fields[name].read_only:
                problems[name] = [ErrorDetail(str(_("Not yours to set.")), "read_only")]
            elif not _has_type(fields[name], value):
                problems[name] = [ErrorDetail(str(_("Not of the right type.")), "wrong_type")]
        return problems


def _has_type(field: Any, value: Any) -> bool:
    """Whether JSON brought the field's own type. Null and lists' shapes are judged elsewhere."""
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        return all(_has_type(field.child, item) for item in value)
    if value is None:
        return True
    for kind, types in JSON_TYPES:
        if isinstance(field, kind):
            return isinstance(value, types) and (bool in types or not isinstance(value, bool))
    return True


class Serializer(_Strict, serializers.Serializer[Any]):
    """The base of every input and output shape."""


class ModelSerializer(_Strict, serializers.ModelSerializer[Any]):
    """The same over a model's fields. Write through a service, never through ``save``."""


class RunStarted(Serializer):
    """What is answered where the work is done in the background."""

    run = serializers.IntegerField(help_text="The task that does it.")


class VisibleRelatedField(serializers.PrimaryKeyRelatedField[Any]):
    """A reference by number that cannot point outside what the viewer may see."""

    def to_internal_value(self, data: Any) -> Any:
        """Take whole numbers only; 1.9 is not row 1."""
        if not isinstance(data, int):
            self.fail("incorrect_type", data_type=type(data).__name__)
        return super().to_internal_value(data)

    def get_queryset(self) -> QuerySet[Model]:
        """Narrow to the viewer's rows; anything else does not exist."""
        queryset: Any = super().get_queryset()
        visible: QuerySet[Model] = queryset.visible_to(self.context["request"].auth)
        return visible


class VersionField(serializers.IntegerField):
    """The version of a row that the caller looked at.

    A PATCH may leave out anything but this: without it, the last of two writers would win over one
    whose change they never saw.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Take the fewest and the help of every version, unless told otherwise."""
        usual: dict[str, Any] = {"min_value": 1, "help_text": "The version you looked at."}
        super().__init__(**(usual | kwargs))

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        """Refuse a body without it, also one that changes a part only."""
        if data is empty:
            self.fail("required")
        return super().validate_empty_values(data)


class MomentField(serializers.DateTimeField):
    """A time with its zone, in a year that people mean.

    Without a zone nobody knows which moment it is. A moment that is before our era somewhere could
    be stored and never read again.
    """

    def enforce_timezone(self, value: Any) -> Any:
        """Refuse a time without a zone instead of assuming one."""
        if timezone.is_naive(value):
            raise serializers.ValidationError(_("Name the time zone, such as +08:00."), "no_zone")
        moment = super().enforce_timezone(value)
        if not periods.FIRST_YEAR <= moment.year <= periods.LAST_YEAR:
            raise serializers.ValidationError(periods.YEAR_TEXT, periods.YEAR_CODE)
        return moment
