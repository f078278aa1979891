"""The console's routes of events, mounted at /events/."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.urls import URLPattern

app_name = "events"
urlpatterns: list[URLPattern] = []
