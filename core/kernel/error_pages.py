"""What Django answers when no view did: a page for the console, a problem for the API."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext as _
from django.views import defaults

from core.kernel.problems import problem_response, wants_problem

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The request cannot be read; 413 where it is only too large."""
    if not wants_problem(request):
        return defaults.bad_request(request, exception)
    if isinstance(exception, RequestDataTooBig):
        status, code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large"
        return problem_response(status, code=code, detail=_("The request is too large"))
    return problem_response(HTTPStatus.BAD_REQUEST, code="bad_request")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Seen, but not allowed."""
    if wants_problem(request):
        return problem_response(HTTPStatus.FORBIDDEN, code="forbidden")
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Nothing lives at this address."""
    if wants_problem(request):
        return problem_response(HTTPStatus.NOT_FOUND, code="not_found")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest, *args: Any) -> HttpResponse:
    """A bug; Django has logged it."""
    if wants_problem(request):
        return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, code="internal_error")
    return defaults.server_error(request, *args)
