"""The console's routes of events, mounted at /events/."""

from __future__ import annotations

from django.urls import path

from events.points import console as points

app_name = "events"
urlpatterns = [
    path("points/", points.points_list, name="points-list"),
    path("points/members/<int:member_id>/", points.points_of_member, name="points-of-member"),
    path("points/members/<int:member_id>/adjust/", points.points_adjust, name="points-adjust"),
    path("points/entries/<int:entry_id>/reverse/", points.points_reverse, name="points-reverse"),
    path("points/entries/<int:entry_id>/<str:act>/", points.points_settle, name="points-settle"),
]
