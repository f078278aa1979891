"""What the OpenAPI document says of every operation, so that no view has to repeat it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, force_instance

from core.kernel.authentication import permission_key
from core.kernel.idempotent import HEADER, KEY_LENGTH
from core.kernel.problems import CONTENT_TYPE, problem
from core.kernel.serializers import VersionField

if TYPE_CHECKING:
    from core.kernel.access import Permission

PROBLEM = {
    "type": "object",
    "description": "RFC 9457. Members beyond these are facts about the refusal.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "`urn:qunying:problem:` + code"},
        "title": {"type": "string", "description": "The same for every problem of this status."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "For people, in the language of the request."},
        "code": {"type": "string", "description": "For programs; does not change."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer into the body."},
                    "parameter": {"type": "string", "description": "Name of a query parameter."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
    "additionalProperties": True,
}
EXAMPLES: dict[HTTPStatus, dict[str, Any]] = {
    HTTPStatus.BAD_REQUEST: {
        "code": "bad_limit",
        "detail": "limit is a whole number from 1 to 200.",
        "errors": [
            {
                "parameter": "limit",
                "code": "bad_limit",
                "detail": "limit is a whole number from 1 to 200.",
            }
        ],
    },
    HTTPStatus.UNAUTHORIZED: {"code": "not_authenticated"},
    HTTPStatus.FORBIDDEN: {"code": "forbidden"},
    HTTPStatus.NOT_FOUND: {"code": "not_found"},
    HTTPStatus.CONFLICT: {
        "code": "idempotency_key_in_use",
        "detail": "A request with this Idempotency-Key is still being worked on.",
    },
    HTTPStatus.PRECONDITION_FAILED: {
        "code": "stale_version",
        "detail": "Somebody changed this member meanwhile. Reload and try again.",
    },
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: {"code": "too_large"},
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: {"code": "unsupported_media_type"},
    HTTPStatus.UNPROCESSABLE_ENTITY: {
        "code": "invalid_input",
        "detail": "Unknown field.",
        "errors": [{"pointer": "/tenant_id", "code": "unknown_field", "detail": "Unknown field."}],
    },
    HTTPStatus.TOO_MANY_REQUESTS: {
        "code": "too_many_requests",
        "detail": "This API key may send 600 requests a minute.",
    },
}
ALWAYS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.TOO_MANY_REQUESTS,
)
RETRY_AFTER = {
    "description": "Whole seconds until there is a turn again.",
    "schema": {"type": "integer", "minimum": 1},
}
WITH_ROW = (HTTPStatus.NOT_FOUND,)
WITH_BODY = (
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
IDEMPOTENCY_KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Repeat the request with the same key and it takes effect once; see the guide.",
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_LENGTH},
}


class ViewerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Either of the two ways in."""

    target_class = "core.kernel.authentication.ViewerAuthentication"
    name = ["apiKey", "session"]
    priority = 1

    def get_security_requirement(self, _auto_schema: Any) -> list[dict[str, list[str]]]:
        """Say that either is enough."""
        return [{name: []} for name in self.name]

    def get_security_definition(self, _auto_schema: Any) -> list[dict[str, str]]:
        """Describe the Bearer key and the console's session."""
        return [
            {"type": "http", "scheme": "bearer", "description": "An API key, `qy_…`."},
            {
                "type": "apiKey",
                "in": "cookie",
                "name": "sessionid",
                "description": "The console's session; writes also need `X-CSRFToken`.",
            },
        ]


class OperationSchema(AutoSchema):
    """Adds the permission, the problems and the Idempotency-Key to every operation."""

    def get_request_serializer(self) -> Any:
        """Return the action's input, as ``ApiViewSet.parsed`` reads it."""
        inputs = getattr(self.view, "inputs", None)
        return super().get_request_serializer() if inputs is None else inputs.get(self._action)

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """Describe one method of one address."""
        operation = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        needed = self._needed()
        told = f"Needs the permission `{needed}`." if needed else "For everybody signed in."
        operation["description"] = f"{operation.get('description', '')}\n\n{told}".strip()
        operation["x-permission"] = str(needed) if needed else None
        if self.method == "POST":
            operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
        for status in self._problems():
            operation["responses"].setdefault(str(int(status)), self._problem(status, needed))
        return operation

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        """Require versions of a PATCH too, as ``VersionField`` does."""
        schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if direction == "request" and (named := _versions_in(serializer)):
            schema["required"] = sorted({*schema.get("required", ()), *named})
        return schema

    @property
    def _action(self) -> str:
        return getattr(self.view, "action", "") or ""

    def _needed(self) -> Permission | None:
        permissions = getattr(self.view, "permissions", {})
        key = permission_key(self.view, self._action, self.method) if permissions else None
        return permissions[key] if key else None

    def _problems(self) -> list[HTTPStatus]:
        with_row = WITH_ROW if "{" in self.path else ()
        with_body = WITH_BODY if self.method in {"POST", "PUT", "PATCH"} else ()
        asked = self.get_request_serializer() if with_body else None
        with_version = (HTTPStatus.PRECONDITION_FAILED,) if _versions_in(asked) else ()
        return [*ALWAYS, *with_row, *with_body, *with_version]

    def _problem(self, status: HTTPStatus, needed: Permission | None) -> dict[str, Any]:
        component = ResolvedComponent(  # type: ignore[no-untyped-call]
            name="Problem", type=ResolvedComponent.SCHEMA, schema=PROBLEM, object="Problem"
        )
        self.registry.register_on_missing(component)
        example = problem(status, **EXAMPLES[status])
        if needed and status == HTTPStatus.FORBIDDEN:
            example["permission"] = str(needed)
        content = {"schema": component.ref, "example": example}
        answer = {"description": status.phrase, "content": {CONTENT_TYPE: content}}
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            answer["headers"] = {"Retry-After": RETRY_AFTER}
        return answer


def _versions_in(serializer: Any) -> list[str]:
    fields = getattr(force_instance(serializer), "fields", {})  # type: ignore[no-untyped-call]
    return [name for name, field in fields.items() if isinstance(field, VersionField)]
