from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.api_keys import services
from core.api_keys.forms import ApiKeyForm
from core.api_keys.models import ApiKey
from core.api_keys.rules import PERMISSION_WORDS
from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console, form_refusal, go_to, page_or_partial
from core.kernel.errors import DomainError, NotFound
from core.kernel.paging import keyset_page

if TYPE_CHECKING:
    from datetime import datetime

    from django.http.response import HttpResponseBase

PAGE_SIZE = 50
REFUSED = 422


@console(Permission.API_KEYS_EDIT)
def api_keys_list(request: ConsoleRequest) -> HttpResponseBase:
    """List the brand's API keys, the newest first."""
    now = timezone.now()
    rows = ApiKey.objects.visible_to(request.viewer).select_related("created_by")
    page = keyset_page(
        rows,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE_SIZE,
    )
    context = {
        "rows": [_row(key, now) for key in page.rows],
        "next": page.next,
        "previous": page.previous,
    }
    return page_or_partial(request, "core/api_keys/list.html", "core/api_keys/_list.html", context)


def _row(key: ApiKey, now: datetime) -> dict[str, Any]:
    words = {permission.value: label for permission, label in PERMISSION_WORDS.items()}
    return {
        "key": key,
        "permissions": [words.get(permission, permission) for permission in key.permissions],
        "is_expired": key.expires_at is not None and key.expires_at <= now,
    }


@console(Permission.API_KEYS_EDIT, methods=["GET", "POST"])
def api_keys_new(request: ConsoleRequest) -> HttpResponseBase:
    """Make a key; its secret is shown once, on the answer itself."""
    form = ApiKeyForm(request.POST or None, viewer=request.viewer)
    if request.method == "POST" and form.is_valid():
        try:
            key, secret = services.create_api_key(
                **form.chosen(), actor=request.viewer, now=timezone.now()
            )
        except DomainError as refusal:
            form_refusal(form, refusal)
        else:
            context = {"key": key, "secret": secret}
            response = render(request, "core/api_keys/secret.html", context)
            response.headers["Cache-Control"] = "no-store"
            return response
    status = REFUSED if form.errors else 200
    return render(request, "core/api_keys/new.html", {"form": form}, status=status)


@console(Permission.API_KEYS_EDIT, methods=["GET", "POST"])
def api_keys_revoke(request: ConsoleRequest, key_id: int) -> HttpResponseBase:
    """Ask, then shut a key out."""
    key = ApiKey.objects.visible_to(request.viewer).filter(pk=key_id).first()
    if key is None:
        raise NotFound
    if request.method == "POST":
        services.revoke_api_key(key_id=key.pk, actor=request.viewer, now=timezone.now())
        messages.success(request, _("Key revoked"))
        return go_to(request, "core:api-keys-list")
    context = {
        "id": "revoke-key",
        "heading": _("Revoke %(name)s?") % {"name": key.name},
        "text": _("The program that uses it is refused from its next request on. For good."),
        "action": reverse("core:api-keys-revoke", args=[key.pk]),
        "button": _("Revoke key"),
        "danger": True,
        "back": reverse("core:api-keys-list"),
    }
    return page_or_partial(request, "core/staff/confirm.html", "components/confirm.html", context)
