from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.response import Response

from communities.memberships import services
from communities.memberships.models import Membership
from communities.rooms.models import Room
from core.kernel.access import Permission
from core.kernel.api import (
    BadRequest,
    BrandViewSet,
    Filter,
    ModelSerializer,
    Serializer,
    VisibleRelatedField,
)

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

MAX_ID = 2**63 - 1


def _id() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=MAX_ID)


class MembershipOut(ModelSerializer):
    class Meta:
        model = Membership
        fields = [
            *("id", "community", "room", "member", "role", "source", "placement"),
            *("build_run_id", "joined_at", "left_at", "read_seq"),
        ]


class MembershipIn(Serializer):
    community = _id()
    member = _id()
    role = serializers.ChoiceField(Membership.Role.choices, required=False)
    promote = serializers.BooleanField(
        required=False,
        help_text="Let in who does not meet the entry rule of the kind (409 `entry_not_met`).",
    )


class MembershipChange(Serializer):
    role = serializers.ChoiceField(Membership.Role.choices, required=False)
    room = VisibleRelatedField(queryset=Room.objects.all(), required=False)


class MembershipViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Seats that are taken. A list is of one room, one community or one member."""

    queryset = Membership.objects.all()
    serializer_class = MembershipOut
    inputs = {"create": MembershipIn, "partial_update": MembershipChange}
    permissions = {
        "GET": Permission.COMMUNITIES_VIEW,
        "POST": Permission.COMMUNITIES_EDIT,
        "PATCH": Permission.COMMUNITIES_EDIT,
        "DELETE": Permission.COMMUNITIES_EDIT,
    }
    filters = {
        "room": Filter(_id(), "room_id", "Id of the room."),
        "community": Filter(_id(), "community_id", "Id of the community."),
        "member": Filter(_id(), "member_id", "Id of the member."),
    }
    orderings = ("id",)
    # The community's lock must end with the seat, not with the response.
    own_tenant_actions = frozenset({"create"})

    def get_queryset(self) -> QuerySet[Membership]:  # type: ignore[override]
        """Return seats that are taken; those given up are history."""
        return super().get_queryset().filter(left_at=None)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the seats of a room, a community or a member."""
        if not {"room", "community", "member"} & set(request.query_params):
            raise BadRequest("Name a room, a community or a member.", "missing_parameter")
        return super().list(request, *args, **kwargs)

    @extend_schema(request=MembershipIn, responses={201: MembershipOut})
    def create(self, request: Request, **_kwargs: Any) -> Response:
        """Give a member a seat in the first room with one; the next room opens by itself."""
        body = self.parsed()
        seat = services.add_member(
            community_id=body.pop("community"),
            member_id=body.pop("member"),
            **body,
            source=Membership.Source.API if self.viewer.api_key_id else Membership.Source.MANUAL,
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.created(seat)

    def partial_update(self, request: Request, **_kwargs: Any) -> Response:
        """Move the member to another room of the community, or change their role."""
        row, body, now = self.get_object(), self.parsed(), timezone.now()
        if room := body.get("room"):
            row = services.move_member(membership=row, room_id=room.pk, actor=self.viewer, now=now)
        if role := body.get("role"):
            row = services.change_role(membership=row, role=role, actor=self.viewer, now=now)
        return self.rendered(row)

    def destroy(self, request: Request, **_kwargs: Any) -> Response:
        """Free the seat."""
        services.remove_member(membership=self.get_object(), actor=self.viewer, now=timezone.now())
        return Response(status=HTTPStatus.NO_CONTENT)
