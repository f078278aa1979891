"""Finds out who is asking and opens their brand around the view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from core.api_keys import services as api_keys
from core.kernel.scoping import opens_own_tenant, tenant
from core.sign_in import services as sign_in
from core.staff import selectors as staff_selectors

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http.response import HttpResponseBase

    from core.kernel.access import Viewer

__all__ = ["ViewerMiddleware", "find_viewer", "opens_own_tenant"]

FIRST_ERROR_STATUS = 400
BEARER = "Bearer "


class ViewerMiddleware:
    """Sets ``request.viewer`` and runs the view in one transaction inside the viewer's brand.

    A view marked ``opens_own_tenant`` gets the viewer but no transaction: uploads, and writes on
    hot paths, where a lock must not last until the page is rendered. A response with an error
    status rolls the view's writes back.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Keep the next middleware."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Put a lazily found viewer on the request."""
        cast("Any", request).viewer = SimpleLazyObject(lambda: find_viewer(request))
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Call the view ourselves, so that its response is rendered inside the transaction."""
        if _opens_own_tenant(view, request.method or ""):
            return None
        viewer: Viewer | None = cast("Any", request).viewer or None
        if viewer is None:
            return None
        with tenant(viewer.brand_id):
            response = view(request, *args, **kwargs)
            render = getattr(response, "render", None)
            if callable(render):
                response = render()
            if response.status_code >= FIRST_ERROR_STATUS:
                transaction.set_rollback(True)
        return response


def find_viewer(request: HttpRequest) -> Viewer | None:
    """Return the viewer of an API key, else of the signed-in person, else None."""
    header = request.headers.get("Authorization", "")
    if header.startswith(BEARER):
        secret = header.removeprefix(BEARER).strip()
        return api_keys.viewer_of_api_key(secret=secret, now=timezone.now())
    if request.user.is_authenticated:
        sign_in.note_seen(session=request.session, now=timezone.now())
        return staff_selectors.viewer_of_staff(staff_id=request.user.pk)
    return None


def _opens_own_tenant(view: Callable[..., HttpResponseBase], method: str) -> bool:
    """Whether the mark says yes for all methods, or names this one."""
    mark: bool | frozenset[str] = getattr(view, "opens_own_tenant", False)
    return mark if isinstance(mark, bool) else method in mark
