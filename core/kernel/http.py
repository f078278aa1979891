"""Facts about a request that need care: where it truly comes from."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str | None:
    """Return the address of the browser, or None where the server does not know it.

    ``X-Forwarded-For`` counts only as far as our own proxies wrote it: with one proxy its last
    entry, with two the last but one. Whatever a client puts in front is never read.
    """
    hops = settings.TRUSTED_PROXIES
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    if hops and len(forwarded) >= hops and forwarded[-hops]:
        candidate = forwarded[-hops]
    else:
        candidate = request.META.get("REMOTE_ADDR", "")
    try:
        return str(ip_address(candidate))
    except ValueError:
        return None  # A Unix socket has no address.
