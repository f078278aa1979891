"""The console: core at the root, the other apps below their names."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("core.urls")),
    path("members/", include("members.urls")),
    path("communities/", include("communities.urls")),
    path("events/", include("events.urls")),
]
