"""Every address: the console at the root, REST below /api/, health for supervisors."""

from __future__ import annotations

from django.urls import include, path

from core.kernel import health
from core.sign_in.console import set_language

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("language/", set_language, name="set_language"),
    path("api/", include("config.api_urls")),
    path("", include("config.console_urls")),
]

handler400 = "core.kernel.error_pages.bad_request"
handler403 = "core.kernel.error_pages.forbidden"
handler404 = "core.kernel.error_pages.not_found"
handler500 = "core.kernel.error_pages.server_error"
