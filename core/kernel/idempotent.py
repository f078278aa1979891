"""The ``Idempotency-Key`` header of POST requests."""

from __future__ import annotations

import hashlib
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from core.idempotency import services
from core.kernel.faults import point
from core.kernel.problems import BadRequest
from core.kernel.scoping import tenant

if TYPE_CHECKING:
    from collections.abc import Callable

    from rest_framework.request import Request

    from core.kernel.access import Viewer

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEY_LENGTH = 255
KEPT_HEADERS = ("Location",)


def key_of(request: Request) -> str | None:
    """Return the key, or None where the caller did not ask.

    Raises:
        BadRequest: it is empty, longer than 255 characters or not printable ASCII.
    """
    key: str | None = request.headers.get(HEADER)
    if key is None:
        return None
    if not 1 <= len(key) <= KEY_LENGTH or not (key.isascii() and key.isprintable()):
        raise BadRequest(
            _("An Idempotency-Key has 1 to 255 printable ASCII characters."),
            "bad_idempotency_key",
        )
    return key


def answer_once(
    handler: Callable[..., Response], key: str, viewer: Viewer, request: Request, **kwargs: Any
) -> Response:
    """Run the handler, or repeat what it answered to the same request before.

    Effect and answer commit together. A refusal is not kept: nothing was done, so the caller may
    mend the cause and try the same key again.

    Raises:
        KeyInUse: the first request is still at work.
        KeyReused: the key came with another request.
    """
    fingerprint, now = _fingerprint(request), timezone.now()
    with tenant(viewer.brand_id):
        kept = services.recall(key=key, request_hash=fingerprint, actor=viewer, now=now)
        if kept is not None:
            headers = kept.headers | {REPLAYED: "true"}
            return Response(kept.body, status=kept.status, headers=headers)
        response = handler(request, **kwargs)
        if response.status_code < HTTPStatus.BAD_REQUEST:
            services.keep(
                key=key,
                request_hash=fingerprint,
                answer=_answer(response),
                actor=viewer,
                now=now,
            )
        point("idempotency.before_commit")
    return response


def _answer(response: Response) -> services.Answer:
    headers = {name: response[name] for name in KEPT_HEADERS if name in response}
    body = json.loads(json.dumps(response.data, cls=JSONEncoder))
    return services.Answer(status=response.status_code, body=body, headers=headers)


def _fingerprint(request: Request) -> bytes:
    """Hash what was asked: method, address and body, whatever the order of its keys."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if request.stream is None:
        return digest.digest()
    files = request.FILES
    fields = (
        {name: value for name, value in request.data.items() if name not in files}
        if isinstance(request.data, dict)
        else request.data
    )
    digest.update(json.dumps(fields, sort_keys=True).encode())
    for name, upload in sorted(files.items()):
        digest.update(f"\n{name}\n".encode())
        for chunk in upload.chunks():
            digest.update(chunk)
        upload.seek(0)
    return digest.digest()
