"""The console's routes of communities, mounted at /communities/."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import path

from communities.broadcasts import console as broadcasts
from communities.chat import console as chat

app_name = "communities"
urlpatterns = [
    path("build-runs/<int:run_id>/", lambda r, run_id: HttpResponse(""), name="build-runs-detail"),
    path("broadcasts/", broadcasts.broadcasts_list, name="broadcasts-list"),
    path("broadcasts/new/", broadcasts.broadcasts_new, name="broadcasts-new"),
    path("broadcasts/trial/", broadcasts.broadcasts_trial, name="broadcasts-trial"),
    path(
        "broadcasts/choices/<slug:field>/", broadcasts.broadcasts_choices, name="broadcasts-choices"
    ),
    path("broadcasts/<int:broadcast_id>/", broadcasts.broadcasts_detail, name="broadcasts-detail"),
    path("broadcasts/<int:broadcast_id>/edit/", broadcasts.broadcasts_edit, name="broadcasts-edit"),
    path(
        "broadcasts/<int:broadcast_id>/state/", broadcasts.broadcasts_state, name="broadcasts-state"
    ),
    path("broadcasts/<int:broadcast_id>/plan/", broadcasts.broadcasts_plan, name="broadcasts-plan"),
    path(
        "broadcasts/<int:broadcast_id>/deliveries/",
        broadcasts.broadcasts_deliveries,
        name="broadcasts-deliveries",
    ),
    path(
        "broadcasts/<int:broadcast_id>/report/",
        broadcasts.broadcasts_report,
        name="broadcasts-report",
    ),
    path(
        "broadcasts/<int:broadcast_id>/confirm/",
        broadcasts.broadcasts_confirm,
        name="broadcasts-confirm",
    ),
    path(
        "broadcasts/<int:broadcast_id>/pause/", broadcasts.broadcasts_pause, name="broadcasts-pause"
    ),
    path(
        "broadcasts/<int:broadcast_id>/resume/",
        broadcasts.broadcasts_resume,
        name="broadcasts-resume",
    ),
    path(
        "broadcasts/<int:broadcast_id>/cancel/",
        broadcasts.broadcasts_cancel,
        name="broadcasts-cancel",
    ),
    path("rooms/<int:room_id>/chat/", chat.chat_room, name="chat-room"),
    path("rooms/<int:room_id>/chat/older/", chat.chat_older, name="chat-older"),
    path("rooms/<int:room_id>/chat/newer/", chat.chat_newer, name="chat-newer"),
    path("rooms/<int:room_id>/chat/post/", chat.chat_post, name="chat-post"),
]
