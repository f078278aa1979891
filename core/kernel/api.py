"""Base classes of every REST entry point: who asks, what they may, how errors are told.

A concept's ``api.py`` parses, fetches through ``visible_to``, calls one service and renders.
"""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.utils.translation import gettext_lazy as _
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from core.kernel.authentication import HasPermission, ViewerAuthentication
from core.kernel.filters import Filter, StrictFilters, check_parameters
from core.kernel.idempotent import answer_once, key_of
from core.kernel.paging import KeysetPagination
from core.kernel.problems import BadRequest, exception_handler
from core.kernel.serializers import (
    ModelSerializer,
    MomentField,
    RunStarted,
    Serializer,
    VersionField,
    VisibleRelatedField,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

    from core.kernel.access import Permission, Viewer
    from core.kernel.scoping import BrandQuerySet

__all__ = [
    "ApiViewSet",
    "BadRequest",
    "BrandViewSet",
    "Filter",
    "HasPermission",
    "ModelSerializer",
    "MomentField",
    "RunStarted",
    "Serializer",
    "SharedViewSet",
    "VersionField",
    "ViewerAuthentication",
    "VisibleRelatedField",
    "exception_handler",
]

BODY_METHODS = {"POST", "PUT", "PATCH"}


class _StrictRequest(Request):
    """Tells an empty body from an empty object."""

    def _parse(self) -> Any:
        if self.stream is None and self.method in BODY_METHODS:
            raise BadRequest(_("The body is empty."), "empty_body")
        return super()._parse()  # type: ignore[misc]


class ApiViewSet(viewsets.GenericViewSet[Any]):
    """What every resource of the API shares: strict requests, closed parameters, known viewers.

    ``permissions`` maps a method or, stronger, an action to what it needs; None lets every viewer
    pass. ``filters`` and ``orderings`` are all a list accepts; ``query_parameters`` are taken by
    every action. ``paged_actions`` maps each other action that answers pages to the orders it
    offers, the default first. ``inputs`` maps an action to the serializer of its body;
    ``serializer_class`` is the shape of answers. A POST with an ``Idempotency-Key`` takes effect
    once.

    ``paged_actions`` answer pages as a list does, of rows that belong to one.

    Answers of ``fleeting_actions`` are kept for no ``Idempotency-Key``: each call counts anew.

    Actions in ``own_tenant_actions`` run outside the request's transaction and open ``tenant``
    around their service: hot writes, whose locks must not last until the response is sent.
    """

    pagination_class = KeysetPagination
    filter_backends = [StrictFilters]
    metadata_class = None  # OPTIONS is answered 405: the documentation is at /api/docs/.
    lookup_value_regex = "[0-9]+"

    permissions: ClassVar[Mapping[str, Permission | None]] = {}
    filters: ClassVar[Mapping[str, Filter]] = {}
    orderings: ClassVar[tuple[str, ...]] = ("-id",)
    query_parameters: ClassVar[tuple[str, ...]] = ()
    paged_actions: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    inputs: ClassVar[Mapping[str, type[Serializer | ModelSerializer]]] = {}
    own_tenant_actions: ClassVar[frozenset[str]] = frozenset()
    fleeting_actions: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def as_view(cls, actions: Any = None, **initkwargs: Any) -> Any:
        """Tell the middleware which methods open their tenant themselves."""
        view = super().as_view(actions, **initkwargs)
        methods = {m.upper() for m, act in (actions or {}).items() if act in cls.own_tenant_actions}
        cast("Any", view).opens_own_tenant = frozenset(methods)
        return view

    @property
    def viewer(self) -> Viewer:
        """Who is asking."""
        return cast("Viewer", self.request.auth)

    def parsed(self) -> dict[str, Any]:
        """Return the body as the action's input serializer reads it; PATCH may leave fields out.

        Raises:
            ValidationError: naming every field at fault; answered 422.
        """
        serializer = self.inputs[self.action](
            data=self.request.data,
            partial=self.request.method == "PATCH",
            context=self.get_serializer_context(),
        )
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def rendered(self, row: Any, status: int = HTTPStatus.OK) -> Response:
        """Return a row in the resource's shape."""
        return Response(self.get_serializer(row).data, status=status)

    def created(self, row: Any) -> Response:
        """Return 201 with the new row and where it lives."""
        response = self.rendered(row, HTTPStatus.CREATED)
        response["Location"] = f"{self.request.path}{row.pk}/"
        return response

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Wrap the request in the strict one."""
        plain = super().initialize_request(request, *args, **kwargs)
        strict = _StrictRequest(
            request,
            parsers=plain.parsers,
            authenticators=cast("Any", plain.authenticators),
            negotiator=plain.negotiator,
            parser_context=plain.parser_context,
        )
        strict.parser_context["request"] = strict
        return strict

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse what the action does not take, once the viewer may ask at all."""
        super().initial(request, *args, **kwargs)
        if self.action is None:
            return
        check_parameters(request, self)
        if request.method != "POST" or (key := key_of(request)) is None:
            return
        if self.action not in self.fleeting_actions:
            # Dispatch looks the handler up after this.
            handler: Any = getattr(self, "post", self.http_method_not_allowed)
            vars(self)["post"] = partial(answer_once, handler, key, self.viewer)


class BrandViewSet(ApiViewSet):
    """Serves the rows a viewer may see; everything else does not exist, and answers 404."""

    queryset: BrandQuerySet[Any]

    def get_queryset(self) -> BrandQuerySet[Any]:
        """Return the rows that exist for the viewer."""
        return self.queryset.all().visible_to(self.viewer)


class SharedViewSet(ApiViewSet):
    """Serves reference rows that all brands share, such as cities. Read-only."""
