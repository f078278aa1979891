from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action

from communities.communities.models import Community
from core.kernel.access import Permission
from core.kernel.api import (
    BrandViewSet,
    Filter,
    ModelSerializer,
    MomentField,
    Serializer,
    VersionField,
    VisibleRelatedField,
)
from core.kernel.batches import BatchOut, BatchViewSet, RowResult
from core.organizations.models import City, Dealer
from events.calendar import batching, rules, services
from events.calendar.models import Event, Kind
from events.calendar.rules import Move
from events.calendar.services import Wanted

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response

MAX_ID = 2**63 - 1
READ_AND_EDIT = {
    "GET": Permission.EVENTS_VIEW,
    "POST": Permission.EVENTS_EDIT,
    "PATCH": Permission.EVENTS_EDIT,
}


def _places() -> serializers.IntegerField:
    return serializers.IntegerField(
        min_value=1,
        max_value=rules.MAX_CAPACITY,
        required=False,
        allow_null=True,
        help_text="Places, guests among them; null for no limit.",
    )


def _guests() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, max_value=rules.MAX_GUESTS, required=False)


class EventOut(ModelSerializer):
    """``taken`` counts who registered or came, and their guests."""

    class Meta:
        model = Event
        fields = [
            *("id", "version", "external_no", "kind", "state", "name", "is_online", "starts_at"),
            *("ends_at", "venue", "city", "dealer", "community", "capacity", "guests_each"),
            *("taken", "created_at"),
        ]


class EventIn(Serializer):
    """Without a dealer it is the brand's own event."""

    kind = serializers.ChoiceField(Kind.choices)
    name = serializers.CharField(max_length=rules.MAX_NAME)
    starts_at = MomentField()
    ends_at = MomentField()
    is_online = serializers.BooleanField(required=False)
    venue = serializers.CharField(max_length=rules.MAX_VENUE, allow_blank=True, required=False)
    city = serializers.PrimaryKeyRelatedField(
        queryset=City.objects.all(), required=False, allow_null=True
    )
    dealer = VisibleRelatedField(queryset=Dealer.objects.all(), required=False, allow_null=True)
    community = VisibleRelatedField(
        queryset=Community.objects.all(), required=False, allow_null=True
    )
    capacity = _places()
    guests_each = _guests()
    external_no = serializers.CharField(
        max_length=rules.MAX_NUMBER, allow_blank=True, required=False, help_text="In your app."
    )


class EventChange(EventIn):
    version = VersionField()


class EventMove(Serializer):
    version = VersionField()


class EventViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """What takes place. A dealer sees the brand's own events too, and changes their own alone."""

    queryset = Event.objects.all()
    serializer_class = EventOut
    inputs = {
        "create": EventIn,
        "partial_update": EventChange,
        "publish": EventMove,
        "close": EventMove,
        "cancel": EventMove,
    }
    permissions = READ_AND_EDIT
    filters = {
        "kind": Filter(serializers.ChoiceField(Kind.choices), "kind", "Only this kind."),
        "state": Filter(
            serializers.ChoiceField(Event.State.choices), "state", "Only in this state."
        ),
        "dealer": Filter(
            serializers.IntegerField(min_value=1, max_value=MAX_ID), "dealer_id", "Of this dealer."
        ),
        "city": Filter(serializers.RegexField(r"^[0-9]{4}\Z"), "city_id", "Code of the city."),
        "external_no": Filter(
            serializers.CharField(max_length=rules.MAX_NUMBER), "external_no", "Number in your app."
        ),
        "since": Filter(MomentField(), "starts_at__gte", "Starts at or after this time."),
        "until": Filter(MomentField(), "starts_at__lt", "Starts before this time."),
    }
    orderings = ("-id", "starts_at", "-starts_at")

    def create(self, request: Request) -> Response:
        """Enter an event as a draft; publish it to let members register."""
        wanted = Wanted(**_named(self.parsed()))
        event = services.create_event(wanted=wanted, actor=self.viewer, now=timezone.now())
        return self.created(event)

    def partial_update(self, request: Request, **_kwargs: Any) -> Response:
        """Change the event. Fewer places than are taken are refused."""
        event, body = self.get_object(), self.parsed()
        version = body.pop("version")
        event = services.change_event(
            event_id=event.pk,
            wanted=replace(services.wanted_of(event), **_named(body)),
            version=version,
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.rendered(event)

    @action(detail=True, methods=["post"])
    def publish(self, request: Request, **_kwargs: Any) -> Response:
        """Let members register."""
        return self._move(Move.PUBLISH)

    @action(detail=True, methods=["post"])
    def close(self, request: Request, **_kwargs: Any) -> Response:
        """Say that it took place. Whoever was there can still be checked in."""
        return self._move(Move.CLOSE)

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, **_kwargs: Any) -> Response:
        """Say that it will not take place. Registrations stay as history."""
        return self._move(Move.CANCEL)

    def _move(self, move: Move) -> Response:
        event = services.move_event(
            event_id=self.get_object().pk,
            move=move,
            version=self.parsed()["version"],
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.rendered(event)


def _named(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body by the names of the service: rows as their numbers."""
    for name in ("city", "dealer", "community"):
        if name in body:
            row = body.pop(name)
            body[f"{name}_id"] = row.pk if row is not None else None
    return body


class EventRow(Serializer):
    """Matched by `external_no`. Fields left out stay; a new event needs kind, name and times."""

    external_no = serializers.RegexField(
        r"^[^\s\x00-\x1f]+\Z", max_length=rules.MAX_NUMBER, help_text="The event's number with you."
    )
    kind = serializers.ChoiceField(Kind.choices, required=False)
    name = serializers.CharField(max_length=rules.MAX_NAME, required=False)
    starts_at = MomentField(required=False)
    ends_at = MomentField(required=False)
    is_online = serializers.BooleanField(required=False)
    venue = serializers.CharField(max_length=rules.MAX_VENUE, allow_blank=True, required=False)
    city = serializers.CharField(
        max_length=4, required=False, allow_null=True, help_text="Code of the city: `3301`."
    )
    dealer = serializers.CharField(
        max_length=32, required=False, allow_null=True, help_text="Code; null for the brand's own."
    )
    capacity = _places()
    guests_each = _guests()
    state = serializers.ChoiceField(
        Event.State.choices, required=False, help_text="A new event is a draft unless told."
    )


class EventBatchIn(Serializer):
    rows = EventRow(many=True)


EXAMPLE = {
    "external_no": "EV-2026-118",
    "kind": "drive",
    "name": "周末莫干山自驾",
    "starts_at": "2026-12-05T09:00:00+08:00",
    "ends_at": "2026-12-05T18:00:00+08:00",
    "city": "3301",
    "capacity": 40,
    "state": "published",
}


class EventBatchViewSet(BatchViewSet):
    """Events in batches."""

    inputs = {"create": EventBatchIn}
    permissions = {"POST": Permission.EVENTS_EDIT}

    @extend_schema(
        responses={200: BatchOut},
        examples=[OpenApiExample("One row", request_only=True, value={"rows": [EXAMPLE]})],
    )
    def create(self, request: Request) -> Response:
        """Create or change up to 1,000 events of your app; each row is judged alone.

        Fewer places than are taken are refused (`below_taken`), and so is any change of an event
        that is done or cancelled (`event_closed`).
        """
        rows, wrong = self.shaped(self.taken()["rows"], EventRow)
        found = batching.put_events(rows=rows, actor=self.viewer, now=timezone.now())
        return self.answered(
            RowResult(result.outcome, result.id, wrong.get(index, result.problems))
            for index, result in enumerate(found)
        )
