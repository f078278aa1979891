"""The console's routes of communities, mounted at /communities/."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import path

app_name = "communities"
urlpatterns = [
    path("build-runs/<int:run_id>/", lambda r, run_id: HttpResponse(""), name="build-runs-detail"),
]
