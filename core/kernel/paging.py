"""Pages by key: the next page starts after the last row seen. Nothing counts, nothing skips."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from rest_framework.pagination import BasePagination
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from core.kernel.errors import DomainError, Kind
from core.kernel.problems import BadRequest

if TYPE_CHECKING:
    from django.db.models import Field, Model, QuerySet
    from rest_framework.request import Request
    from rest_framework.views import APIView

DEFAULT_LIMIT = 50
MAX_LIMIT = 200

Row = TypeVar("Row")


class BadCursor(DomainError):
    """The page marker is not one we gave out for this list and order."""

    code = "bad_cursor"
    kind = Kind.INVALID


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows and the opaque markers around them; an empty marker means the list ends there.

    Hand ``next`` back as ``after`` and ``previous`` as ``before``.
    """

    rows: list[Row]
    next: str = ""
    previous: str = ""


def keyset_page(
    queryset: QuerySet[Any],
    *,
    order: str = "-id",
    after: str = "",
    before: str = "",
    limit: int = DEFAULT_LIMIT,
) -> Page[Any]:
    """Return the rows after (or before) a marker, in ``order`` and then by primary key.

    ``order`` names a column, related column or annotation that is never NULL, with ``-`` for
    descending; the index that serves the list ends in it and the key. Rows may be models or dicts
    that hold both. Two queries never see a row twice, whatever is inserted between them.

    Raises:
        BadCursor: the marker was not given out for this order.
    """
    name, descending = order.removeprefix("-"), order.startswith("-")
    key = queryset.model._meta.pk.name
    backwards = bool(before)
    downwards = descending != backwards
    if marker := before or after:
        queryset = queryset.filter(_past(queryset, (name, key), _decode(marker, order), downwards))
    columns = dict.fromkeys([name, key])  # Once each, where the order is by the key itself.
    queryset = queryset.order_by(*(F(c).desc() if downwards else F(c).asc() for c in columns))
    rows = list(queryset[: limit + 1])
    more, rows = len(rows) > limit, rows[:limit]
    if backwards:
        rows.reverse()
    if not rows:
        return Page(rows)
    has_next, has_previous = (True, more) if backwards else (more, bool(after))
    return Page(
        rows,
        next=_encode(rows[-1], (name, key), order) if has_next else "",
        previous=_encode(rows[0], (name, key), order) if has_previous else "",
    )


class KeysetPagination(BasePagination):
    """``limit`` and ``cursor`` in, ``next``, ``previous`` and ``results`` out.

    The first of the view's orderings is the default; its filter backend has checked ``ordering``
    already.
    """

    parameters = ("limit", "cursor", "ordering")

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any]:
        """Return one page's rows."""
        self._request, params = request, request.query_params
        order = chosen_order(request, view)
        marker = params.get("cursor", "")
        if "cursor" in params and marker[:2] not in {"n.", "p."}:
            raise BadRequest(_("This cursor is not ours."), "bad_cursor", parameter="cursor")
        side = {"n.": "after", "p.": "before"}.get(marker[:2], "after")
        try:
            self._page: Page[Any] = keyset_page(
                queryset, order=order, limit=_limit(params), **{side: marker[2:]}
            )
        except BadCursor as error:
            raise BadRequest(str(error), error.code, parameter="cursor") from error
        return self._page.rows

    def get_paginated_response(self, data: Any) -> Response:
        """Wrap the rows with absolute links to the pages around them."""
        return Response(
            {
                "next": self._link("n.", self._page.next),
                "previous": self._link("p.", self._page.previous),
                "results": data,
            }
        )

    def _link(self, side: str, marker: str) -> str | None:
        if not marker:
            return None
        return replace_query_param(self._request.build_absolute_uri(), "cursor", side + marker)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe the wrapper."""
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": link | {"description": "The following page, or null at the end."},
                "previous": link | {"description": "The page before, or null at the start."},
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, _view: APIView) -> list[dict[str, Any]]:
        """Describe ``limit`` and ``cursor``."""
        size = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
        return [
            _parameter("limit", "How many rows a page holds.", size),
            _parameter("cursor", "Opaque; follow `next` and `previous`.", {"type": "string"}),
        ]


def pages_by(view: Any) -> tuple[str, ...]:
    """Return the orders in which the view's action answers its pages; none if it has no pages."""
    action = getattr(view, "action", "list")
    if action == "list":
        return getattr(view, "orderings", ("-id",))
    found: tuple[str, ...] = getattr(view, "paged_actions", {}).get(action, ())
    return found


def chosen_order(request: Request, view: Any) -> str:
    """Return the order asked for, or the default of the view's action.

    Raises:
        BadRequest: the view does not offer it.
    """
    orderings = pages_by(view)
    order = request.query_params.get("ordering", orderings[0])
    offered = {name.removeprefix("-") for name in orderings}
    if order.removeprefix("-") not in offered or order.startswith("--"):
        raise BadRequest(
            _("Order by one of: %(names)s.") % {"names": ", ".join(sorted(offered))},
            "unknown_ordering",
            parameter="ordering",
        )
    return order


def _limit(params: Any) -> int:
    text = params.get("limit", str(DEFAULT_LIMIT))
    if text.isascii() and text.isdecimal() and len(text) < 5 and 1 <= int(text) <= MAX_LIMIT:
        return int(text)
    raise BadRequest(
        _("limit is a whole number from 1 to %(most)s.") % {"most": MAX_LIMIT},
        "bad_limit",
        parameter="limit",
    )


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
    }


def _past(
    queryset: QuerySet[Any], columns: tuple[str, str], marker: list[Any], downwards: bool
) -> Q:
    """Return the rows beyond a key. The first half is what lets an index find the start."""
    (name, key), (value, row_key) = columns, marker
    past = "lt" if downwards else "gt"
    row_key = _checked(queryset, key, row_key)
    if name == key:
        return Q(**{f"{key}__{past}": row_key})
    value = _checked(queryset, name, value)
    tie = Q(**{name: value}) & Q(**{f"{key}__{past}": row_key})
    return Q(**{f"{name}__{past}e": value}) & (Q(**{f"{name}__{past}": value}) | tie)


def _checked(queryset: QuerySet[Any], name: str, value: Any) -> Any:
    """Return the value in the column's type; a cursor is input like any other."""
    field = _field_of(queryset, name)
    try:
        checked = None if "\0" in str(value) else field.get_prep_value(field.to_python(value))
    except (ValidationError, ValueError, TypeError, OverflowError) as error:
        raise BadCursor(str(_("This cursor is not ours."))) from error
    if checked is None:
        raise BadCursor(str(_("This cursor is not ours.")))
    return checked


def _field_of(queryset: QuerySet[Any], name: str) -> Field[Any, Any]:
    annotation = queryset.query.annotations.get(name)
    if annotation is not None:
        return annotation.output_field
    model: type[Model] = queryset.model
    *path, last = name.split("__")
    for step in path:
        model = model._meta.get_field(step).related_model  # type: ignore[assignment]
    return model._meta.get_field(last)  # type: ignore[return-value]


def _encode(row: Any, columns: tuple[str, str], order: str) -> str:
    marker = [order, *(_value(row, column) for column in columns)]
    text = json.dumps(marker, ensure_ascii=False, separators=(",", ":"), default=str)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _value(row: Any, name: str) -> Any:
    if isinstance(row, dict):
        return row[name]
    for step in name.split("__"):
        row = getattr(row, step)
    return row


def _decode(marker: str, order: str) -> list[Any]:
    try:
        text = base64.urlsafe_b64decode(marker.encode("ascii") + b"=" * (-len(marker) % 4))
        key: list[Any]
        marker_order, *key = json.loads(text)
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise BadCursor(str(_("This cursor is not ours."))) from error
    if marker_order != order or len(key) != 2:
        raise BadCursor(str(_("This cursor belongs to another order.")))
    return key
