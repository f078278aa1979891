"""Who asks through REST, and whether the action is theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.middleware.csrf import CsrfViewMiddleware
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request

    from core.kernel.access import Viewer


class _SessionCsrf(CsrfViewMiddleware):
    """Django's own check, returning the reason instead of a page."""

    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason


class ViewerAuthentication(BaseAuthentication):
    """Takes the viewer that the middleware found: a Bearer API key, else a signed-in session.

    ``request.auth`` is the viewer. A session, which a browser sends by itself, must also pass
    the CSRF check; a key is sent on purpose.
    """

    def authenticate(self, request: Request) -> tuple[Any, Viewer] | None:
        """Return the user and the viewer; None lets the permission answer 401."""
        plain = cast("Any", request._request)
        viewer: Viewer | None = plain.viewer or None
        if viewer is None:
            if "Authorization" in plain.headers:
                raise exceptions.AuthenticationFailed(_("This API key is not valid."))
            return None
        if viewer.staff_id is not None:
            _require_csrf(plain)
        return plain.user, viewer

    def authenticate_header(self, _request: Request) -> str:
        """Make refusals 401 and say what to send."""
        return 'Bearer realm="qunying"'


def _require_csrf(request: HttpRequest) -> None:
    check = _SessionCsrf(lambda _request: cast("Any", None))
    check.process_request(request)
    if reason := check.process_view(request, cast("Any", None), (), {}):
        raise exceptions.PermissionDenied(f"CSRF: {reason}", code="csrf_failed")


class HasPermission(BasePermission):
    """Asks the view's ``permissions`` for the action, else the method.

    Nothing declared is nothing allowed. A method that the view does not offer passes, so that
    its answer is 405 and not 403.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the viewer may do this at all; which rows is the queryset's question.

        Raises:
            Forbidden: naming the permission that is missing.
        """
        viewer: Viewer | None = request.auth  # type: ignore[assignment]
        if viewer is None:
            return False
        if getattr(view, "action", None) is None:
            return True
        key = permission_key(view, view.action, request.method or "")
        if key is None:
            return False
        needed = view.permissions[key]
        if needed is not None:
            viewer.require(needed)
        return True


def permission_key(view: Any, action: str, method: str) -> str | None:
    """Return the entry of ``permissions`` that rules an action; HEAD is ruled by GET's."""
    method = "GET" if method == "HEAD" else method
    return next((key for key in (action, method) if key in view.permissions), None)
