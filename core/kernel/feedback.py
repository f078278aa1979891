"""Answers to htmx that change no markup: a toast, a closed dialog, a list told to refresh."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django_htmx.http import reswap, trigger_client_event

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


def done(
    *, text: _StrOrPromise, close: bool = False, changed: str = "", undo: str = ""
) -> HttpResponse:
    """Return 204 with a toast.

    ``close`` shuts the dialog the answer came to, ``changed`` is the event a list refreshes on,
    ``undo`` an address that takes the act back by POST.
    """
    response = HttpResponse(status=204)
    toast = {"text": str(text), "tone": "ok"} | ({"undo": undo} if undo else {})
    trigger_client_event(response, "toast", toast)
    if close:
        trigger_client_event(response, "close-layer", {})
    if changed:
        trigger_client_event(response, changed, {})
    return response


def refused(*, text: _StrOrPromise, status: int = 422) -> HttpResponse:
    """Return a refusal outside any form: a toast that stays, and nothing swapped."""
    response = HttpResponse(status=status)
    reswap(response, "none")
    return trigger_client_event(response, "toast", {"text": str(text), "tone": "bad"})
