"""The API's description: the OpenAPI document, and a page to read it under our strict CSP."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny

from core.kernel.scoping import opens_own_tenant

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from rest_framework.request import Request
    from rest_framework.response import Response


class Schema(SpectacularAPIView):
    """OpenAPI 3.1, as JSON or YAML by the Accept header; public, for it holds no data."""

    authentication_classes = []
    permission_classes = [AllowAny]
    metadata_class = None

    def _get_schema_response(self, request: Request) -> Response:
        # The descriptions are English; the few words Django adds must not be in another language.
        with translation.override("en"):
            return cast("Response", super()._get_schema_response(request))  # type: ignore[no-untyped-call]


@opens_own_tenant
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show the schema with Swagger UI, from our own host and without inline script."""
    return render(request, "api/docs.html")
