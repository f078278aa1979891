from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from communities.broadcasts.api import BroadcastViewSet, DeliveryViewSet
from communities.chat.api import MessageViewSet, ReadPositionViewSet
from communities.communities.api import CommunityViewSet
from communities.group_building.api import (
    BuildCandidateViewSet,
    BuildGroupViewSet,
    BuildRuleViewSet,
    BuildRunViewSet,
)
from communities.memberships.api import MembershipViewSet
from communities.policies.api import PolicyViewSet
from communities.rooms.api import RoomViewSet

app_name = "communities"
router = SimpleRouter()
router.register("policies", PolicyViewSet, basename="policies")
router.register("communities", CommunityViewSet, basename="communities")
router.register("rooms", RoomViewSet, basename="rooms")
router.register("memberships", MembershipViewSet, basename="memberships")
router.register("build-rules", BuildRuleViewSet, basename="build-rules")
router.register("build-runs", BuildRunViewSet, basename="build-runs")
router.register("broadcasts", BroadcastViewSet, basename="broadcasts")
urlpatterns = [
    *router.urls,
    path(
        "build-runs/<int:run_id>/groups/",
        BuildGroupViewSet.as_view({"get": "list"}),
        name="build-groups-list",
    ),
    path(
        "build-runs/<int:run_id>/candidates/",
        BuildCandidateViewSet.as_view({"get": "list"}),
        name="build-candidates-list",
    ),
    path(
        "broadcasts/<int:broadcast_id>/deliveries/",
        DeliveryViewSet.as_view({"get": "list"}),
        name="deliveries-list",
    ),
    path(
        "rooms/<int:room_id>/messages/",
        MessageViewSet.as_view({"get": "list", "post": "create"}),
        name="messages-list",
    ),
    path(
        "rooms/<int:room_id>/read-position/",
        ReadPositionViewSet.as_view({"put": "update"}),
        name="read-position",
    ),
]
