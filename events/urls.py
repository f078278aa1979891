"""The console's routes of events, mounted at /events/."""

from __future__ import annotations

from django.urls import path

from events.calendar import console as calendar
from events.points import console as points
from events.registrations import console as registrations

app_name = "events"
urlpatterns = [
    path("", calendar.events_list, name="events-list"),
    path("new/", calendar.events_new, name="events-new"),
    path("<int:event_id>/", calendar.events_detail, name="events-detail"),
    path("<int:event_id>/edit/", calendar.events_edit, name="events-edit"),
    path(
        "<int:event_id>/publish/", calendar.events_move, {"move": "publish"}, name="events-publish"
    ),
    path("<int:event_id>/close/", calendar.events_move, {"move": "close"}, name="events-close"),
    path("<int:event_id>/cancel/", calendar.events_move, {"move": "cancel"}, name="events-cancel"),
    path("<int:event_id>/people/add/", registrations.registrations_add, name="registrations-add"),
    path(
        "registrations/<int:registration_id>/check-in/",
        registrations.registrations_check_in,
        name="registrations-check-in",
    ),
    path(
        "registrations/<int:registration_id>/cancel/",
        registrations.registrations_cancel,
        name="registrations-cancel",
    ),
    path("points/", points.points_list, name="points-list"),
    path("points/members/<int:member_id>/", points.points_of_member, name="points-of-member"),
    path("points/members/<int:member_id>/adjust/", points.points_adjust, name="points-adjust"),
    path("points/entries/<int:entry_id>/reverse/", points.points_reverse, name="points-reverse"),
    path("points/entries/<int:entry_id>/<str:act>/", points.points_settle, name="points-settle"),
]
