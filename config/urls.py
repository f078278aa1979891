"""Every address of the product."""

from __future__ import annotations

from django.urls import include, path

from core.sign_in.console import set_language

urlpatterns = [
    path("", include("core.urls")),
    path("language/", set_language, name="set_language"),
]
