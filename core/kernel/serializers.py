"""Serializers that refuse what they do not know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import Model, QuerySet


class _Strict:
    """Unknown or read-only members of a body are errors, not silence.

    A client that sends ``tenant_id`` or misspells ``region`` learns so, instead of believing that
    it was heard.
    """

    def to_internal_value(self, data: Any) -> Any:
        """Refuse members that no writable field takes, then convert as usual."""
        problems = self._surplus(data) if isinstance(data, dict) else {}
        try:
            value = super().to_internal_value(data)  # type: ignore[misc]
        except serializers.ValidationError as error:
            if problems and isinstance(error.detail, dict):
                raise serializers.ValidationError(problems | error.detail) from error
            raise
        if problems:
            raise serializers.ValidationError(problems)
        return value

    def _surplus(self, data: Mapping[str, Any]) -> dict[str, Any]:
        fields = self.fields  # type: ignore[attr-defined]
        problems: dict[str, Any] = {}
        for name in data:
            if name not in fields:
                problems[name] = [ErrorDetail(str(_("Unknown field.")), "unknown_field")]
            elif fields[name].read_only:
                problems[name] = [ErrorDetail(str(_("Not yours to set.")), "read_only")]
        return problems


class Serializer(_Strict, serializers.Serializer[Any]):
    """The base of every input and output shape."""


class ModelSerializer(_Strict, serializers.ModelSerializer[Any]):
    """The same over a model's fields. Write through a service, never through ``save``."""


class VisibleRelatedField(serializers.PrimaryKeyRelatedField[Any]):
    """A reference that cannot point outside what the viewer may see."""

    def get_queryset(self) -> QuerySet[Model]:
        """Narrow to the viewer's rows; anything else does not exist."""
        queryset: Any = super().get_queryset()
        visible: QuerySet[Model] = queryset.visible_to(self.context["request"].auth)
        return visible
