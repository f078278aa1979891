from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action

from core.kernel.access import Permission
from core.kernel.api import (
    BadRequest,
    BrandViewSet,
    Filter,
    ModelSerializer,
    MomentField,
    Serializer,
)
from core.kernel.batches import BatchOut, BatchViewSet, RowResult
from events.calendar import rules as calendar
from events.registrations import batching, services
from events.registrations.models import Registration
from events.registrations.rules import State
from events.registrations.services import Wish

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response

MAX_ID = 2**63 - 1
EVENTS, MEMBERS = ("event", "external_no"), ("member", "customer_no", "phone")


def _id(**options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=MAX_ID, **options)


def _guests() -> serializers.IntegerField:
    return serializers.IntegerField(
        min_value=0, max_value=calendar.MAX_GUESTS, required=False, help_text="Who comes along."
    )


class RegistrationOut(ModelSerializer):
    class Meta:
        model = Registration
        fields = [
            *("id", "event", "member", "state", "guests", "source", "registered_at"),
            *("checked_in_at", "cancelled_at"),
        ]


class RegistrationIn(Serializer):
    event = _id()
    member = _id()
    guests = _guests()


class CheckInIn(Serializer):
    at = MomentField(required=False, help_text="When they came, if it was not just now.")
    guests = _guests()


class CancelIn(Serializer):
    at = MomentField(required=False, help_text="When they called off, if it was not just now.")


class RegistrationViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Who registered for events, who came, who called off. A list is of one event or one member.

    No event takes more people than it has places, however many ask at once (409 `event_full`).
    """

    queryset = Registration.objects.all()
    serializer_class = RegistrationOut
    inputs = {"create": RegistrationIn, "cancel": CancelIn, "check_in": CheckInIn}
    permissions = {"GET": Permission.EVENTS_VIEW, "POST": Permission.EVENTS_EDIT}
    filters = {
        "event": Filter(_id(), "event_id", "Id of the event."),
        "member": Filter(_id(), "member_id", "Id of the member."),
        "state": Filter(
            serializers.ChoiceField(Registration.State.choices), "state", "Only in this state."
        ),
    }
    orderings = ("-id",)
    # The event's lock must end with the place taken, not with the response.
    own_tenant_actions = frozenset({"create", "cancel", "check_in"})

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the registrations of an event or of a member."""
        if not {"event", "member"} & set(request.query_params):
            raise BadRequest("Name an event or a member.", "missing_parameter")
        return super().list(request, *args, **kwargs)

    @extend_schema(request=RegistrationIn, responses={201: RegistrationOut, 200: RegistrationOut})
    def create(self, request: Request, **_kwargs: Any) -> Response:
        """Register a member: 201, or 200 when they are registered already."""
        body, is_program = self.parsed(), self.viewer.api_key_id is not None
        wish = Wish(
            event_id=body["event"],
            member_id=body["member"],
            guests=body.get("guests"),
            state=State.REGISTERED,
            source=Registration.Source.API if is_program else Registration.Source.MANUAL,
        )
        row, is_new = services.put(wish=wish, actor=self.viewer, now=timezone.now())
        return self.created(row) if is_new else self.rendered(row, HTTPStatus.OK)

    @extend_schema(request=CheckInIn, responses=RegistrationOut)
    @action(detail=True, methods=["post"], url_path="check-in")
    def check_in(self, request: Request, **_kwargs: Any) -> Response:
        """Say that they came. Saying it again changes nothing."""
        return self._become(State.CHECKED_IN)

    @extend_schema(request=CancelIn, responses=RegistrationOut)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, **_kwargs: Any) -> Response:
        """Call off; the place is free at once. Saying it again changes nothing."""
        return self._become(State.CANCELLED)

    def _become(self, state: State) -> Response:
        row = services.change(
            registration_id=int(self.kwargs["pk"]),
            state=state,
            **self.parsed(),
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.rendered(row)


class RegistrationRow(Serializer):
    """What a member is to be at an event: `registered`, `checked_in` or `cancelled`."""

    event = _id(required=False, help_text="Its number here; or `external_no`.")
    external_no = serializers.CharField(
        max_length=calendar.MAX_NUMBER, required=False, help_text="The event's number with you."
    )
    member = _id(required=False, help_text="Their number here; or `customer_no` or `phone`.")
    customer_no = serializers.CharField(max_length=64, required=False)
    phone = serializers.CharField(max_length=40, required=False)
    state = serializers.ChoiceField(Registration.State.choices)
    at = MomentField(required=False, help_text="When it happened, if it was not just now.")
    guests = _guests()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Want exactly one way to the event and one to the member."""
        for ways, text in (
            (EVENTS, _("Name the event by exactly one of: event, external_no.")),
            (MEMBERS, _("Name the member by exactly one of: member, customer_no, phone.")),
        ):
            if sum(way in attrs for way in ways) != 1:
                raise serializers.ValidationError({ways[0]: [text]}, "one_way")
        return attrs


class RegistrationBatchIn(Serializer):
    rows = RegistrationRow(many=True)


EXAMPLE = {
    "external_no": "EV-2026-118",
    "customer_no": "C-1",
    "state": "checked_in",
    "at": "2026-12-05T09:12:00+08:00",
}


class RegistrationBatchViewSet(BatchViewSet):
    """Registrations, check-ins and cancellations in batches."""

    inputs = {"create": RegistrationBatchIn}
    permissions = {"POST": Permission.EVENTS_EDIT}

    @extend_schema(
        responses={200: BatchOut},
        examples=[OpenApiExample("One row", request_only=True, value={"rows": [EXAMPLE]})],
    )
    def create(self, request: Request) -> Response:
        """Bring up to 1,000 registrations in line; each row is judged alone, in its order.

        Whoever is checked in without having registered takes a place at the door. A full event
        refuses (`event_full`); what is so already is `unchanged`. `id` is the registration's.
        """
        rows, wrong = self.shaped(self.taken()["rows"], RegistrationRow)
        found = batching.put_rows(rows=rows, actor=self.viewer, now=timezone.now())
        return self.answered(
            RowResult(result.outcome, result.id, wrong.get(index, result.problems))
            for index, result in enumerate(found)
        )
