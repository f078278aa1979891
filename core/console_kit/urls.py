"""Routes of the kit page; core's table of contents takes them in."""

from __future__ import annotations

from django.urls import path

from core.console_kit import console

urlpatterns = [
    path("kit/", console.kit, name="kit"),
    path("kit/form/", console.kit_form, name="kit-form"),
    path("kit/drawer/", console.kit_drawer, name="kit-drawer"),
    path("kit/undo/", console.kit_undo, name="kit-undo"),
    path("kit/progress/", console.kit_progress, name="kit-progress"),
    path("kit/count/", console.kit_count, name="kit-count"),
]
