"""Requests that no view should ever see, whichever address they name."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from core.kernel.problems import note_refusal, problem_response

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
OVERRIDE_PARAMETER = "_method"


class TransportMiddleware:
    """Answers 405 to other methods and to requests that name a second one, 411 and 413 to bodies.

    Two parts of a server that disagree on the method are a way around permissions, and TRACE
    echoes what a browser keeps from scripts. It stands around whatever answers, so it is also
    where the log is told of what the API refuses.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep the next middleware."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Refuse, or let pass."""
        response = _refusal(request) or self.get_response(request)
        note_refusal(request, response)
        return response


def _refusal(request: HttpRequest) -> HttpResponse | None:
    overridden = OVERRIDE_PARAMETER in request.GET or any(
        name in request.headers for name in OVERRIDES
    )
    if overridden or request.method not in METHODS:
        detail = _("Send the method itself; a second one in a header or parameter is refused.")
        response = problem_response(
            HTTPStatus.METHOD_NOT_ALLOWED,
            code="method_not_allowed",
            detail=detail if overridden else "",
        )
        response["Allow"] = ", ".join(METHODS)
        return response
    length = request.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > settings.MAX_REQUEST_BYTES:
        # Before anything parses the form: that would write all of it to disk first.
        detail = _("The request is too large")
        return problem_response(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, code="too_large", detail=detail
        )
    if request.headers.get("Transfer-Encoding") and not request.headers.get("Content-Length"):
        # Read by its length, such a body would look empty.
        detail = _("Send Content-Length instead of a chunked body.")
        return problem_response(HTTPStatus.LENGTH_REQUIRED, code="length_required", detail=detail)
    return None
