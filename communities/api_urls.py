from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from communities.broadcasts.api import BroadcastViewSet, DeliveryViewSet
from communities.chat.api import MessageViewSet, ReadPositionViewSet

app_name = "communities"
router = SimpleRouter()
router.register("broadcasts", BroadcastViewSet, basename="broadcasts")
urlpatterns = [
    *router.urls,
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
