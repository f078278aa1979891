"""How a console page is entered and answered: sign-in, permission, method, refusals, partials."""

from __future__ import annotations

from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode, urlsplit

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render, resolve_url
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect

from core.kernel.access import MUST_CHANGE_PASSWORD
from core.kernel.errors import DomainError, Kind
from core.kernel.feedback import refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.contrib.sessions.backends.base import SessionBase
    from django.forms import Form
    from django.http.response import HttpResponseBase
    from django_htmx.middleware import HtmxDetails

    from core.kernel.access import Permission, Viewer

    View = Callable[..., HttpResponseBase]

STATUS_OF_KIND = {
    Kind.INVALID: HTTPStatus.UNPROCESSABLE_ENTITY,
    Kind.REFUSED: HTTPStatus.CONFLICT,
    Kind.GONE: HTTPStatus.GONE,
    Kind.STALE: HTTPStatus.PRECONDITION_FAILED,
    Kind.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Kind.UNSUPPORTED: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Kind.TOO_MANY: HTTPStatus.TOO_MANY_REQUESTS,
    Kind.BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
}


class ConsoleRequest(HttpRequest):
    """What a view behind ``console`` gets: a signed-in person within their brand."""

    viewer: Viewer
    htmx: HtmxDetails
    user: Any  # core.staff.models.Staff; the kernel does not know the model
    session: SessionBase


def console(
    permission: Permission | None = None,
    *,
    methods: Sequence[str] = ("GET",),
    with_initial_password: bool = False,
) -> Callable[[View], View]:
    """Guard a console view.

    Nobody signed in → the sign-in page, which leads back here. A method that is not listed → 405.
    A missing ``permission`` → the 403 page; None lets everybody signed in pass. A ``DomainError``
    that the view lets escape becomes the matching error page, or a toast for htmx. Whoever still
    has the password somebody else gave them is led to changing it first, except from views
    ``with_initial_password``.
    """
    allowed = {*methods, "HEAD"} if "GET" in methods else set(methods)

    def decorate(view: View) -> View:
        @wraps(view)  # Carries the mark of opens_own_tenant along.
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            viewer = getattr(request, "viewer", None)
            # An API key acts through REST only: the console's defenses are made for browsers.
            if not viewer or viewer.staff_id is None:
                return to_sign_in(request)
            if request.method not in allowed:
                return HttpResponseNotAllowed(sorted(allowed))
            if request.session.get(MUST_CHANGE_PASSWORD) and not with_initial_password:
                return _to_password(request)
            if permission is not None and not viewer.may(permission):
                raise PermissionDenied
            try:
                return view(request, *args, **kwargs)
            except DomainError as refusal:
                return refusal_response(request, refusal)

        cast("Any", guarded).methods = frozenset(allowed)  # The tenancy matrix asks for these.
        return guarded

    return decorate


def _to_password(request: HttpRequest) -> HttpResponse:
    """Lead to the account page; what that page asks for by itself is left empty.

    A redirect there would load the page again, which would ask again, for ever.
    """
    if cast("Any", request).htmx and request.method == "GET":
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return go_to(request, "core:profile")


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Return the way to the sign-in page and back to the page the person is on."""
    sign_in = resolve_url("core:sign-in")
    htmx = cast("Any", request).htmx
    if not htmx:
        back = request.get_full_path() if request.method == "GET" else "/"
        return redirect(f"{sign_in}?{urlencode({'next': back})}")
    page = urlsplit(htmx.current_url or "/")  # The partial's own address is no page to return to.
    back = page.path + (f"?{page.query}" if page.query else "")
    return HttpResponseClientRedirect(f"{sign_in}?{urlencode({'next': back})}")


def refusal_response(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    """Return the answer to a refusal that no form took up.

    Raises:
        Http404: absent, or not for this viewer.
        PermissionDenied: seen, but the role does not allow it.
    """
    if refusal.kind == Kind.NOT_FOUND:
        raise Http404(str(refusal)) from refusal
    if refusal.kind == Kind.FORBIDDEN:
        raise PermissionDenied(str(refusal)) from refusal
    status = STATUS_OF_KIND[refusal.kind]
    if cast("Any", request).htmx:
        return refused(text=str(refusal), status=status)
    page = "410.html" if refusal.kind == Kind.GONE else "422.html"
    return render(request, page, {"reason": str(refusal)}, status=status)


def page_or_partial(
    request: HttpRequest,
    full: str,
    partial: str,
    context: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Return the partial to htmx and the whole page to everybody else, from one context.

    A page restored from the browser's history is whole even when htmx asks for it.
    """
    htmx = cast("Any", request).htmx
    template = partial if htmx and not htmx.history_restore_request else full
    response = render(request, template, context, status=status)
    # One address, two bodies: a cache must not hand the partial to a browser.
    patch_vary_headers(response, ["HX-Request"])
    return response


def go_to(request: HttpRequest, to: Any, *args: Any, **kwargs: Any) -> HttpResponse:
    """Lead the browser to another page, whether or not htmx asked."""
    url = resolve_url(to, *args, **kwargs)
    if cast("Any", request).htmx:
        return HttpResponseClientRedirect(url)
    return redirect(url)


MOST_TICKED = 500


def ticked(request: HttpRequest) -> list[int]:
    """Return the rows that were ticked in a list, each once; what is no number is passed over."""
    texts = dict.fromkeys(request.POST.getlist("id")[:MOST_TICKED])
    return [int(each) for each in texts if each.isascii() and each.isdecimal() and len(each) < 19]


def form_status(form: Form) -> HTTPStatus:
    """Return the status of a page with a form on it, which is kept as it was sent.

    200 where nothing is wrong with it, 412 where somebody else was quicker (``form_refusal``), 422
    where there is something to correct.
    """
    if not form.is_bound or not form.errors:
        return HTTPStatus.OK
    if getattr(form, "is_stale", False):
        return HTTPStatus.PRECONDITION_FAILED
    return HTTPStatus.UNPROCESSABLE_ENTITY


def form_refusal(form: Form, refusal: DomainError) -> None:
    """Put a service's refusal where the person typed: on its fields, else on top of the form.

    A pointer such as ``/phone`` names the field ``phone``; ``/grants/0/role`` falls back to
    ``grants``. The caller then renders the form with status 422.
    """
    cast("Any", form).is_stale = refusal.kind == Kind.STALE  # Its errors then say what to do.
    if not refusal.problems:
        form.add_error(None, str(refusal))
    for problem in refusal.problems:
        name = problem.pointer.strip("/").split("/")[0]
        form.add_error(name if name in form.fields else None, problem.detail)
