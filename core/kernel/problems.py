"""Every refusal of the API as ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response

from core.kernel.errors import DomainError, Forbidden, Kind, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from django.http.response import HttpResponseBase

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:qunying:problem:"
API_PREFIX = "/api/"

STATUS_OF_KIND: dict[Kind, HTTPStatus] = {
    Kind.INVALID: HTTPStatus.UNPROCESSABLE_ENTITY,
    Kind.REFUSED: HTTPStatus.CONFLICT,
    Kind.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Kind.GONE: HTTPStatus.GONE,
    Kind.FORBIDDEN: HTTPStatus.FORBIDDEN,
    Kind.STALE: HTTPStatus.PRECONDITION_FAILED,
    Kind.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Kind.UNSUPPORTED: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Kind.TOO_MANY: HTTPStatus.TOO_MANY_REQUESTS,
    Kind.BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
}
TITLES = {
    HTTPStatus.BAD_REQUEST: _("The request cannot be read"),
    HTTPStatus.UNAUTHORIZED: _("Sign in or send an API key"),
    HTTPStatus.FORBIDDEN: _("Your role does not allow this"),
    HTTPStatus.NOT_FOUND: _("Not found"),
    HTTPStatus.METHOD_NOT_ALLOWED: _("This method is not offered here"),
    HTTPStatus.NOT_ACCEPTABLE: _("Only JSON is offered"),
    HTTPStatus.CONFLICT: _("Refused as things stand"),
    HTTPStatus.GONE: _("No longer kept"),
    HTTPStatus.LENGTH_REQUIRED: _("The length of the body is missing"),
    HTTPStatus.PRECONDITION_FAILED: _("Somebody changed this in the meantime"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: _("The request is too large"),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: _("This type of content is not supported"),
    HTTPStatus.UNPROCESSABLE_ENTITY: _("Some of the input is not valid"),
    HTTPStatus.TOO_MANY_REQUESTS: _("Too many requests"),
    HTTPStatus.SERVICE_UNAVAILABLE: _("Busy with the same records; try again in a moment"),
    HTTPStatus.INTERNAL_SERVER_ERROR: _("Something went wrong on our side"),
}


class BadRequest(exceptions.APIException):
    """The request itself, not what it asks for, is wrong; ``code`` says how."""

    status_code = HTTPStatus.BAD_REQUEST
    default_code = "bad_request"

    def __init__(
        self,
        detail: Any,
        code: str | None = None,
        *,
        parameter: str = "",
        pointer: str | None = None,
    ) -> None:
        """Name the query parameter at fault, or the place in the body, if it is one."""
        super().__init__(detail, code)
        self.parameter = parameter
        self.pointer = pointer


class BodyTooLarge(BadRequest):
    """The body, or what it unpacks to, passes the limit."""

    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


def exception_handler(error: Exception, _context: Mapping[str, Any]) -> Response | None:
    """Turn what a view raised into a problem; None lets a bug surface as 500."""
    if isinstance(error, DomainError):
        return _of_domain_error(error)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, RequestDataTooBig):
        error = BodyTooLarge(_("The request is too large"))
    if isinstance(error, exceptions.APIException):
        return _of_api_exception(error)
    return None


def problem(
    status: int,
    *,
    code: str,
    detail: str = "",
    errors: Iterable[Mapping[str, Any]] = (),
    facts: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the members of a problem; ``facts`` never hide the standard ones."""
    body: dict[str, Any] = {
        "type": TYPE_PREFIX + code,
        "title": str(TITLES.get(HTTPStatus(status), HTTPStatus(status).phrase)),
        "status": int(status),
        "detail": detail,
        "code": code,
    }
    if listed := [dict(entry) for entry in errors]:
        body["errors"] = listed
    return dict(facts or {}) | body


def problem_response(status: int, *, code: str, detail: str = "") -> HttpResponse:
    """Return a problem from outside REST framework: middleware and error pages."""
    body = problem(status, code=code, detail=detail)
    return JsonResponse(body, status=status, content_type=CONTENT_TYPE)


def note_refusal(request: HttpRequest, response: HttpResponseBase) -> None:
    """Log that a request was refused: where, with which status and code, never what it said."""
    if response.get("Content-Type") == CONTENT_TYPE and isinstance(response, HttpResponse):
        code = json.loads(response.content)["code"]
        path = quote(request.path_info)  # One line, whatever the address holds.
        logger.info("refused %s %s: %s %s", request.method, path, response.status_code, code)


def wants_problem(request: HttpRequest) -> bool:
    """Whether the request was made to the API, which never answers with a page."""
    return request.path_info.startswith(API_PREFIX)


def _of_domain_error(error: DomainError) -> Response:
    status = STATUS_OF_KIND[error.kind]
    body = problem(
        status,
        code=error.code,
        detail=str(error),
        errors=[_entry(found) for found in error.problems],
        facts=error.facts,
    )
    wait = error.facts.get("retry_after")
    headers = {"Retry-After": str(wait)} if wait is not None else None
    return Response(body, status=status, content_type=CONTENT_TYPE, headers=headers)


def _entry(found: Problem) -> dict[str, str]:
    return {"pointer": found.pointer, "code": found.code, "detail": str(found.detail)}


def _of_api_exception(error: exceptions.APIException) -> Response:
    status, code, detail = int(error.status_code), _code_of(error), ""
    errors: list[Mapping[str, Any]] = []
    if isinstance(error, exceptions.ValidationError):
        # REST framework says 400; ours keeps 400 for requests that cannot be read at all.
        status, code = HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_input"
        errors = list(_entries("", error.detail))
    else:
        detail = str(error.detail)
    if parameter := getattr(error, "parameter", ""):
        errors = [{"parameter": parameter, "code": code, "detail": detail}]
    elif (pointer := getattr(error, "pointer", None)) is not None:
        errors = [{"pointer": pointer, "code": code, "detail": detail}]
    body = problem(status, code=code, detail=detail or _first(errors), errors=errors)
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    return Response(body, status=status, headers=headers, content_type=CONTENT_TYPE)


def _code_of(error: exceptions.APIException) -> str:
    codes = error.get_codes()
    if codes == exceptions.PermissionDenied.default_code:
        return Forbidden.code  # One word for one thing.
    return codes if isinstance(codes, str) else str(error.default_code)


def _first(errors: list[Mapping[str, Any]]) -> str:
    return str(errors[0]["detail"]) if errors else ""


def _entries(pointer: str, detail: Any) -> Iterator[dict[str, str]]:
    """Walk REST framework's nested messages; its keys and indexes are the pointer's parts."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            part = "" if key == "non_field_errors" else pointer_to([key])
            yield from _entries(pointer + part, value)
    elif isinstance(detail, (list, tuple)):
        for index, value in enumerate(detail):
            nested = isinstance(value, (dict, list))
            yield from _entries(f"{pointer}/{index}" if nested else pointer, value)
    else:
        yield {
            "pointer": pointer,
            "code": str(getattr(detail, "code", "invalid")),
            "detail": str(detail),
        }


def pointer_to(path: Iterable[str | int]) -> str:
    """Return the JSON pointer (RFC 6901) of a value by the keys and indexes that lead to it."""
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return "".join(f"/{part}" for part in parts)
