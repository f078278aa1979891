"""Finds out who is asking and opens their brand around the view."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

from django.db import OperationalError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from core.api_keys import services as api_keys
from core.kernel.console import refusal_response
from core.kernel.errors import DomainError, Kind
from core.kernel.problems import STATUS_OF_KIND, problem_response, wants_problem
from core.kernel.scoping import opens_own_tenant, tenant
from core.sign_in import services as sign_in
from core.staff import selectors as staff_selectors

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse
    from django.http.response import HttpResponseBase

    from core.kernel.access import Viewer

__all__ = ["ViewerMiddleware", "find_viewer", "opens_own_tenant"]

FIRST_ERROR_STATUS = 400
BEARER = "Bearer "
# PostgreSQL ended one of two transactions: a circle of waiting, or no order of the two.
COLLISIONS = {"40P01", "40001"}
RETRY_AFTER_S = 1
logger = logging.getLogger(__name__)


class Collision(DomainError):
    """The database ended this act so that another one could go on; nothing was written."""

    code = "collision"
    kind = Kind.BUSY


class ViewerMiddleware:
    """Sets ``request.viewer`` and runs the view in one transaction inside the viewer's brand.

    A view marked ``opens_own_tenant`` gets the viewer but no transaction: uploads, and writes on
    hot paths, where a lock must not last until the page is rendered. A response with an error
    status rolls the view's writes back.

    Where the database lets another transaction go on instead of this one, the answer is 503 with
    ``Retry-After``: the same request may work in a moment.
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
        try:
            return _within(viewer, view, request, *args, **kwargs)
        except OperationalError as error:
            if (answer := self.process_exception(request, error)) is None:
                raise
            return answer

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer a collision; None lets everything else surface as a bug."""
        if getattr(error.__cause__, "pgcode", "") not in COLLISIONS:
            return None
        logger.warning("A request gave way to another transaction: %s", request.path)
        refusal = Collision(
            _(
                "Two acts met on the same records, and this one gave way. Nothing was changed; "
                "try again."
            )
        )
        if wants_problem(request):
            status = STATUS_OF_KIND[refusal.kind]
            answer = problem_response(status, code=refusal.code, detail=str(refusal))
        else:
            answer = refusal_response(request, refusal)
        answer["Retry-After"] = str(RETRY_AFTER_S)
        return answer


def _within(
    viewer: Viewer,
    view: Callable[..., HttpResponseBase],
    request: HttpRequest,
    *args: Any,
    **kwargs: Any,
) -> HttpResponseBase:
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
