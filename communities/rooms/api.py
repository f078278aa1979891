from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers

from communities.communities.models import Community
from communities.rooms import services
from communities.rooms.models import Room
from core.kernel.access import Permission
from core.kernel.api import BrandViewSet, Filter, ModelSerializer, Serializer, VisibleRelatedField

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response

MAX_ID = 2**63 - 1


class RoomOut(ModelSerializer):
    class Meta:
        model = Room
        fields = [
            *("id", "community", "number", "name", "channel", "state", "cap", "member_count"),
            *("last_seq", "created_at"),
        ]


class RoomIn(Serializer):
    community = VisibleRelatedField(queryset=Community.objects.all())


class RoomViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Chat groups. None ever holds more people than its cap."""

    queryset = Room.objects.all()
    serializer_class = RoomOut
    inputs = {"create": RoomIn}
    permissions = {"GET": Permission.COMMUNITIES_VIEW, "POST": Permission.COMMUNITIES_EDIT}
    filters = {
        "community": Filter(
            serializers.IntegerField(min_value=1, max_value=MAX_ID),
            "community_id",
            "Id of the community.",
        ),
        "state": Filter(serializers.ChoiceField(Room.State.choices), "state", "Open or archived."),
    }
    orderings = ("id", "number")

    @extend_schema(request=RoomIn, responses={201: RoomOut})
    def create(self, request: Request, **_kwargs: Any) -> Response:
        """Open a community's next numbered room by hand."""
        room = services.open_next_room(
            community_id=self.parsed()["community"].pk, actor=self.viewer, now=timezone.now()
        )
        return self.created(room)
