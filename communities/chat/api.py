from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from communities.chat import selectors, services
from communities.chat.models import RoomMessage
from communities.rooms.models import Room
from core.kernel.access import Permission
from core.kernel.api import BadRequest, BrandViewSet, ModelSerializer, Serializer
from core.kernel.errors import NotFound

if TYPE_CHECKING:
    from drf_spectacular.openapi import AutoSchema
    from rest_framework.request import Request

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
READER = "Who reads: without marketing said since this member withdrew their consent to it."


class MessageOut(ModelSerializer):
    class Meta:
        model = RoomMessage
        fields = ["seq", "sender", "sender_label", "body", "link", "created_at"]


class MessageIn(Serializer):
    body = serializers.CharField(max_length=services.TEXT_LENGTH)


class PositionIn(Serializer):
    member = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    seq = serializers.IntegerField(min_value=0, max_value=2**63 - 1)


class PositionOut(Serializer):
    member = serializers.IntegerField()
    seq = serializers.IntegerField()


class SeqPagination:
    """Pages by a message's number in its room: ``after`` or ``before``, and ``limit``."""

    parameters = ("after", "before", "limit", "member")

    def get_schema_operation_parameters(self, _view: AutoSchema) -> list[dict[str, Any]]:
        """Describe the parameters for OpenAPI."""
        number = {"type": "integer", "minimum": 0}
        limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
        told = [
            ("after", "Messages with larger numbers, the oldest first.", number),
            ("before", "The last messages with smaller numbers.", number),
            ("limit", "How many at most.", limit),
            ("member", READER, number | {"minimum": 1}),
        ]
        return [
            {"name": name, "in": "query", "description": text, "schema": schema}
            for name, text, schema in told
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe the answer."""
        return {
            "type": "object",
            "required": ["last_seq", "has_older", "has_newer", "results"],
            "properties": {
                "last_seq": {"type": "integer", "description": "The room's newest message."},
                "has_older": {"type": "boolean"},
                "has_newer": {"type": "boolean"},
                "results": schema,
            },
        }


class RoomPart(BrandViewSet):
    """Something that belongs to one room, which the address names."""

    queryset = RoomMessage.objects.all()

    def room(self) -> Room:
        """Return the room, if it exists for the viewer.

        Raises:
            NotFound: it does not.
        """
        rooms = Room.objects.visible_to(self.viewer)
        room = rooms.filter(pk=self.kwargs["room_id"]).first()
        if room is None:
            raise NotFound(str(_("There is no such room.")))
        return room


class MessageViewSet(RoomPart):
    """A room's conversation, by the number of each message; numbers have no gaps."""

    serializer_class = MessageOut
    pagination_class = SeqPagination  # type: ignore[assignment]
    filter_backends = []
    inputs = {"create": MessageIn}
    permissions = {"GET": Permission.COMMUNITIES_VIEW, "POST": Permission.CHAT_POST}
    own_tenant_actions = frozenset({"create"})

    def list(self, request: Request, **_kwargs: Any) -> Response:
        """Read on from a number, back from one, or the newest messages.

        Name the ``member`` whenever the feed is shown to one: marketing said since they withdrew
        their consent to it is left out then, so numbers may have gaps.
        """
        room = self.room()
        asked = {name: _number(request, name) for name in ("after", "before")}
        if None not in asked.values():
            raise BadRequest(_("Give after or before, not both."), "bad_parameter")
        limit = _number(request, "limit")
        limit = DEFAULT_LIMIT if limit is None else limit
        if not 1 <= limit <= MAX_LIMIT:
            text = _("limit is a whole number from 1 to %(most)s.") % {"most": MAX_LIMIT}
            raise BadRequest(text, "bad_limit", parameter="limit")
        reader_id = _number(request, "member")
        feed = selectors.feed(room=room, limit=limit, reader_id=reader_id, **asked)
        return Response(
            {
                "last_seq": room.last_seq,
                "has_older": feed.has_older,
                "has_newer": feed.has_newer,
                "results": self.get_serializer(feed.messages, many=True).data,
            }
        )

    @extend_schema(request=MessageIn, responses={201: MessageOut})
    def create(self, request: Request, **_kwargs: Any) -> Response:
        """Say something as staff."""
        message = services.post_message(
            room_id=int(self.kwargs["room_id"]),
            body=self.parsed()["body"],
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.rendered(message, 201)


class ReadPositionViewSet(RoomPart):
    """How far a member has read in a room. It never moves back, nor past the last message."""

    serializer_class = PositionOut
    filter_backends = []
    inputs = {"update": PositionIn}
    permissions = {"PUT": Permission.CHAT_POST}

    @extend_schema(request=PositionIn, responses=PositionOut)
    def update(self, request: Request, **_kwargs: Any) -> Response:
        """Move the position up to a message."""
        body = self.parsed()
        room_id = int(self.kwargs["room_id"])
        seq = services.mark_read(
            room_id=room_id,
            member_id=body["member"],
            seq=body["seq"],
            actor=self.viewer,
            now=timezone.now(),
        )
        return Response({"member": body["member"], "seq": seq})


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if text.isascii() and text.isdecimal() and len(text) < 19:
        return int(text)
    raise BadRequest(_("This must be a whole number."), "bad_parameter", parameter=name)
