from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import FileResponse
from django.utils import timezone

from core.files import services
from core.files.models import StoredFile
from core.kernel.console import ConsoleRequest, console
from core.kernel.errors import NotFound

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

CONTENT_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@console()
def file_download(request: ConsoleRequest, file_id: int) -> HttpResponseBase:
    """Send a stored file as an attachment; a browser never shows it as a page of ours."""
    stored = StoredFile.objects.visible_to(request.viewer).filter(pk=file_id).first()
    if stored is None:
        raise NotFound
    handle = services.download(stored=stored, actor=request.viewer, now=timezone.now())
    suffix = stored.name[stored.name.rfind(".") :].lower() if "." in stored.name else ""
    response = FileResponse(
        handle,
        as_attachment=True,
        filename=stored.name,
        content_type=CONTENT_TYPES.get(suffix, "application/octet-stream"),
    )
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
