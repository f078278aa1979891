from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, update_session_auth_hash
from django.contrib.auth.views import LoginView, LogoutView
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from django.views.i18n import set_language as django_set_language

from core.kernel.console import (
    ConsoleRequest,
    console,
    form_refusal,
    go_to,
    page_or_partial,
)
from core.kernel.errors import DomainError
from core.kernel.http import client_ip
from core.kernel.scoping import opens_own_tenant, tenant
from core.sign_in import selectors, services
from core.sign_in.forms import LanguageForm, PasswordForm, SignInForm
from core.staff.sessions import MUST_CHANGE_PASSWORD

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

LOCKED, REFUSED = 429, 422


class SignInView(LoginView):
    """The way in. ``next`` leads only to our own pages; the session gets a new key."""

    template_name = "core/sign_in/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_valid(self, form: Any) -> Any:
        """Sign in and note whence; speak the person's language from now on."""
        response = super().form_valid(form)
        staff = form.get_user()
        services.remember_origin(
            session=self.request.session,
            staff=staff,
            ip_address=client_ip(self.request),
            user_agent=self.request.headers.get("User-Agent", ""),
            now=timezone.now(),
        )
        return with_language(response, staff.language)

    def form_invalid(self, form: Any) -> Any:
        """Say that it was wrong, or, after too many times, how long to wait."""
        if not getattr(self.request, "axes_locked_out", False):
            context = self.get_context_data(form=form)
            return self.render_to_response(context, status=REFUSED)
        seconds = _seconds_to_wait(self.request, form.cleaned_data.get("username", ""))
        context = self.get_context_data(form=form, lock=_too_many(seconds))
        return self.render_to_response(
            context, status=LOCKED, headers={"Retry-After": str(seconds)}
        )


# Failed attempts must outlive the 4xx that would roll a signed-in person's request back.
sign_in = opens_own_tenant(SignInView.as_view())
sign_out = LogoutView.as_view()


def locked_out(
    _request: HttpRequest, response: HttpResponse, _credentials: object = None
) -> HttpResponse:
    """Let the view's own answer stand: it knows the form and says how long to wait."""
    return response


def _seconds_to_wait(request: HttpRequest, username: str) -> int:
    waiting = selectors.waiting_time(
        username=username, ip_address=client_ip(request), now=timezone.now()
    )
    return max(1, math.ceil(waiting.total_seconds()))


def _too_many(seconds: int) -> str:
    minutes = math.ceil(seconds / 60)
    return ngettext(
        "Too many wrong attempts. Try again in %(n)d minute.",
        "Too many wrong attempts. Try again in %(n)d minutes.",
        minutes,
    ) % {"n": minutes}


def with_language(response: HttpResponseBase, language: str) -> HttpResponseBase:
    """Set the language cookie to a person's choice, if there is one."""
    if language:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, language, max_age=365 * 86400, samesite="Lax"
        )
    else:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")
    return response


@require_POST
def set_language(request: HttpRequest) -> HttpResponseBase:
    """Switch the language from the top bar; a signed-in person's choice is remembered."""
    language = request.POST.get("language", "")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        services.choose_language(staff=request.user, language=language)
    return django_set_language(request)


@console(with_initial_password=True)
def profile(request: ConsoleRequest) -> HttpResponseBase:
    """Show one's own account."""
    return page_or_partial(
        request,
        "core/sign_in/profile.html",
        "core/sign_in/_sessions.html",
        _profile_context(request),
    )


def _profile_context(request: ConsoleRequest, **changes: Any) -> dict[str, Any]:
    return {
        "sessions": selectors.sessions_of(
            staff_id=request.user.pk,
            current_key=request.session.session_key,
            now=timezone.now(),
        ),
        "password_form": PasswordForm(),
        "language_form": LanguageForm(initial={"language": request.user.language}),
        "must_change": request.session.get(MUST_CHANGE_PASSWORD, False),
    } | changes


@opens_own_tenant  # A wrong present password must be counted although the answer is a refusal.
@console(methods=["POST"], with_initial_password=True)
def profile_password(request: ConsoleRequest) -> HttpResponseBase:
    """Change one's own password; every other browser is signed out."""
    form = PasswordForm(request.POST)
    if form.is_valid():
        try:
            if not authenticate(
                request,
                username=request.user.username,
                password=form.cleaned_data["old_password"],
            ):
                form.add_error("old_password", _wrong_password(request))
            else:
                return _password_changed(request, form)
        except DomainError as refusal:
            form_refusal(form, refusal)
    with tenant(request.viewer.brand_id):
        return page_or_partial(
            request,
            "core/sign_in/profile.html",
            "core/sign_in/_password_form.html",
            _profile_context(request, password_form=form),
            status=REFUSED,
        )


def _password_changed(request: ConsoleRequest, form: PasswordForm) -> HttpResponse:
    with tenant(request.viewer.brand_id):
        services.change_own_password(
            staff=request.user,
            password=form.cleaned_data["new_password"],
            current_key=request.session.session_key,
            actor=request.viewer,
            now=timezone.now(),
        )
    update_session_auth_hash(request, request.user)
    request.session[MUST_CHANGE_PASSWORD] = False
    messages.success(request, _("Password changed; other browsers were signed out"))
    return go_to(request, "core:profile")


def _wrong_password(request: ConsoleRequest) -> str:
    if getattr(request, "axes_locked_out", False):
        return _too_many(_seconds_to_wait(request, request.user.username))
    return _("This is not your present password.")


@console(methods=["POST"], with_initial_password=True)
def profile_language(request: ConsoleRequest) -> HttpResponseBase:
    """Remember the language a person wants."""
    form = LanguageForm(request.POST)
    if form.is_valid():
        language = form.cleaned_data["language"]
        services.choose_language(staff=request.user, language=language)
        return with_language(redirect("core:profile"), language)
    context = _profile_context(request, language_form=form)
    return page_or_partial(
        request, "core/sign_in/profile.html", "core/sign_in/profile.html", context, status=REFUSED
    )


@console(methods=["POST"])
def profile_end_session(request: ConsoleRequest, ref: str) -> HttpResponseBase:
    """Sign one of one's own browsers out."""
    services.end_session(staff=request.user, ref=ref, actor=request.viewer, now=timezone.now())
    messages.success(request, _("Browser signed out"))
    return go_to(request, "core:profile")


@console(methods=["POST"])
def profile_end_others(request: ConsoleRequest) -> HttpResponseBase:
    """Sign every other browser of one's own out."""
    services.end_sessions(
        staff=request.user,
        keep_key=request.session.session_key,
        actor=request.viewer,
        now=timezone.now(),
    )
    messages.success(request, _("All other browsers signed out"))
    return go_to(request, "core:profile")
