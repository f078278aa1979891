"""Query parameters as a closed list: an unknown, repeated or malformed one is an error."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.filters import BaseFilterBackend

from core.kernel import periods
from core.kernel.paging import chosen_order, pages_by
from core.kernel.problems import BadRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.views import APIView

SCHEMA_TYPES = {
    serializers.IntegerField: "integer",
    serializers.BooleanField: "boolean",
}


class EndsBeforeStart(BadRequest):
    """Each time can be read, and yet there is none between them."""

    status_code = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self) -> None:
        """Name the parameter that says the end."""
        super().__init__(periods.TEXT, periods.CODE, parameter="until")


@dataclass(frozen=True)
class Filter:
    """One query parameter of a list.

    ``field`` parses the text; ``apply`` is a lookup such as ``"region_id"`` or a function of the
    queryset and the parsed value. ``description`` goes into the documentation.
    """

    field: serializers.Field[Any, Any, Any, Any]
    apply: str | Callable[[QuerySet[Any], Any], QuerySet[Any]]
    description: str

    def parsed(self, name: str, text: str) -> Any:
        """Return the value that the parameter ``name`` gives.

        Raises:
            BadRequest: the text is none.
        """
        try:
            return self.field.run_validation(text)
        except serializers.ValidationError as error:
            detail = error.detail[0] if isinstance(error.detail, list) else str(error)
            raise BadRequest(str(detail), "bad_parameter", parameter=name) from error

    def narrow(self, queryset: QuerySet[Any], value: Any) -> QuerySet[Any]:
        """Keep the rows that match."""
        if callable(self.apply):
            return self.apply(queryset, value)
        return queryset.filter(**{self.apply: value})


class StrictFilters(BaseFilterBackend):
    """Applies the view's ``filters``; documents them and ``ordering``."""

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> QuerySet[Any]:
        """Narrow a list by the parameters given; details are found by their address alone."""
        if getattr(view, "action", "list") != "list":
            return queryset
        filters: Mapping[str, Filter] = getattr(view, "filters", {})
        values = {
            name: one.parsed(name, request.query_params[name])
            for name, one in filters.items()
            if name in request.query_params
        }
        _check_period(values)
        for name, value in values.items():
            queryset = filters[name].narrow(queryset, value)
        return queryset

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """Describe the parameters for OpenAPI; filters narrow the list alone."""
        is_list = getattr(view, "action", "list") == "list"
        filters: Mapping[str, Filter] = getattr(view, "filters", {}) if is_list else {}
        listed = [
            _parameter(name, one.description, _schema(one.field)) for name, one in filters.items()
        ]
        orderings = pages_by(view)
        if not orderings or "ordering" not in _paging_parameters(view):
            return listed
        names = dict.fromkeys(name.removeprefix("-") for name in orderings)
        choices = [sign + name for name in names for sign in ("", "-")]
        schema = {"type": "string", "enum": choices, "default": orderings[0]}
        return [*listed, _parameter("ordering", "`-` in front for descending.", schema)]


def _check_period(values: Mapping[str, Any]) -> None:
    """Refuse a time that ends before it begins, which is a mistake and no empty list.

    Raises:
        EndsBeforeStart: ``until`` is before ``since``.
    """
    if periods.goes_back(values.get("since"), values.get("until")):
        raise EndsBeforeStart


def check_parameters(request: Request, view: Any) -> None:
    """Refuse parameters that the action does not know, and any given twice.

    Raises:
        BadRequest: naming the first such parameter.
    """
    known = set(getattr(view, "query_parameters", ()))
    action = getattr(view, "action", "")
    if action == "list":
        known |= set(getattr(view, "filters", ()))
    if pages_by(view):
        known |= set(_paging_parameters(view))
    for name, values in request.query_params.lists():
        if name not in known:
            raise BadRequest(
                _("This request takes no parameter %(name)s.") % {"name": name[:80]},
                "unknown_parameter",
                parameter=name[:80],
            )
        if len(values) > 1:
            raise BadRequest(
                _("The parameter %(name)s is given twice.") % {"name": name},
                "duplicate_parameter",
                parameter=name,
            )
    if "ordering" in request.query_params:
        chosen_order(request, view)


def _paging_parameters(view: Any) -> tuple[str, ...]:
    found: tuple[str, ...] = getattr(view.pagination_class, "parameters", ())
    return found


def _schema(field: serializers.Field[Any, Any, Any, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for kind, name in SCHEMA_TYPES.items():
        if isinstance(field, kind):
            schema = {"type": name}
    if isinstance(field, serializers.ChoiceField):
        schema["enum"] = list(field.choices)
    return schema


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
    }
