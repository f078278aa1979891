from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from communities.broadcasts import rules, selectors, services
from communities.broadcasts.audience import Audience, Plan
from communities.broadcasts.drafts import Draft
from communities.broadcasts.models import Broadcast, Delivery
from communities.policies.models import Kind
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
from core.kernel.errors import NotFound
from core.organizations.models import Dealer

if TYPE_CHECKING:
    from rest_framework.request import Request

MOST_NAMED = 2000  # communities, dealers or cities of one audience


def _ids() -> serializers.ListField:
    child = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    return serializers.ListField(child=child, max_length=MOST_NAMED, required=False)


class AudienceField(Serializer):
    """Each list that is given narrows; none given means every room in scope."""

    kinds = serializers.ListField(
        child=serializers.ChoiceField(Kind.choices), max_length=len(Kind), required=False
    )
    community_ids = _ids()
    dealer_ids = _ids()
    city_codes = serializers.ListField(
        child=serializers.RegexField(r"^[0-9]{4}\Z"), max_length=MOST_NAMED, required=False
    )


class BroadcastOut(ModelSerializer):
    audience = AudienceField()

    class Meta:
        model = Broadcast
        fields = [
            *("id", "version", "state", "name", "purpose", "body", "link", "audience", "dealer"),
            *("scheduled_at", "room_count", "people_count", "excluded", "created_by_label"),
            *("created_at", "confirmed_at", "finished_at"),
        ]


class BroadcastIn(Serializer):
    name = serializers.CharField(max_length=80)
    purpose = serializers.ChoiceField(Broadcast.Purpose.choices)
    body = serializers.CharField(max_length=rules.TEXT_LENGTH)
    link = serializers.CharField(max_length=rules.LINK_LENGTH, allow_blank=True, required=False)
    audience = AudienceField(required=False)
    scheduled_at = MomentField(allow_null=True, required=False)
    dealer = VisibleRelatedField(queryset=Dealer.objects.all(), allow_null=True, required=False)


class BroadcastChange(BroadcastIn):
    version = VersionField()


class VersionIn(Serializer):
    version = VersionField()


class ExclusionOut(Serializer):
    reason = serializers.CharField()
    kind = serializers.CharField(help_text="Whose policy decided; empty where none did.")
    rooms = serializers.IntegerField()
    people = serializers.IntegerField(help_text="Whom no other room reaches.")
    next_allowed_at = serializers.DateTimeField(allow_null=True)


class DryRunOut(Serializer):
    at = serializers.DateTimeField()
    rooms = serializers.IntegerField()
    people = serializers.IntegerField(help_text="Each counted once.")
    rooms_selected = serializers.IntegerField()
    people_selected = serializers.IntegerField()
    seats = serializers.IntegerField(help_text="People, as often as they would see it.")
    no_consent = serializers.IntegerField(help_text="Of those reached, who agreed to no marketing.")
    exclusions = ExclusionOut(many=True)


class DeliveryOut(ModelSerializer):
    room_name = serializers.CharField(source="room.name")
    community = serializers.IntegerField(source="room.community_id")
    read_count = serializers.IntegerField()

    class Meta:
        model = Delivery
        fields = [
            *("id", "room", "room_name", "community", "state", "due_at", "settled_at", "error"),
            *("message_seq", "people_count", "read_count"),
        ]


class ReportOut(Serializer):
    deliveries = serializers.DictField(child=serializers.IntegerField())
    rooms = serializers.IntegerField()
    people = serializers.IntegerField(help_text="Each counted once.")
    readers = serializers.IntegerField()
    first_sent_at = serializers.DateTimeField(allow_null=True)
    last_sent_at = serializers.DateTimeField(allow_null=True)


class BroadcastViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """One message to the rooms of an audience, delivered to each exactly once."""

    queryset = Broadcast.objects.all()
    serializer_class = BroadcastOut
    inputs = {
        "create": BroadcastIn,
        "partial_update": BroadcastChange,
        "confirm": VersionIn,
    }
    permissions = {
        "GET": Permission.BROADCASTS_VIEW,
        "POST": Permission.BROADCASTS_SEND,
        "PATCH": Permission.BROADCASTS_SEND,
    }
    filters = {
        "state": Filter(
            serializers.ChoiceField(Broadcast.State.choices), "state", "Only in this state."
        ),
        "purpose": Filter(
            serializers.ChoiceField(Broadcast.Purpose.choices), "purpose", "Only for this purpose."
        ),
    }
    own_tenant_actions = frozenset({"confirm", "resume"})

    def create(self, request: Request) -> Response:
        """Write a draft; nothing is sent."""
        draft = _draft(self.parsed())
        return self.created(services.save_draft(draft=draft, actor=self.viewer, now=timezone.now()))

    def partial_update(self, request: Request, **_kwargs: Any) -> Response:
        """Change a draft. Fields that are left out keep their values."""
        row, body = self.get_object(), self.parsed()
        row = services.save_draft(
            draft=_draft(_as_input(row) | body),
            actor=self.viewer,
            now=timezone.now(),
            broadcast_id=row.pk,
            version=body["version"],
        )
        return self.rendered(row)

    @extend_schema(request=None, responses=DryRunOut)
    @action(detail=True, methods=["post"], url_path="dry-run")
    def dry_run(self, request: Request, **_kwargs: Any) -> Response:
        """Work out whom it would reach and whom not, and why; nothing is written."""
        plan = services.dry_run(broadcast=self.get_object(), now=timezone.now())
        return Response(DryRunOut(_dry_run_of(plan)).data)

    @extend_schema(request=VersionIn, responses=BroadcastOut)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> Response:
        """Set it going: one delivery for each room that may get it now, or at its time."""
        confirmed = services.confirm(
            broadcast_id=int(pk),
            version=self.parsed()["version"],
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.rendered(confirmed.broadcast)

    @extend_schema(request=None, responses=BroadcastOut)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Stop before the next batch of rooms."""
        row = services.pause(broadcast_id=int(pk), actor=self.viewer, now=timezone.now())
        return self.rendered(row)

    @extend_schema(request=None, responses=BroadcastOut)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Go on with the rooms that may still get it."""
        resumed = services.resume(broadcast_id=int(pk), actor=self.viewer, now=timezone.now())
        return self.rendered(resumed.broadcast)

    @extend_schema(request=None, responses=BroadcastOut)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Send nothing more of it."""
        row = services.cancel(broadcast_id=int(pk), actor=self.viewer, now=timezone.now())
        return self.rendered(row)

    @extend_schema(responses=ReportOut)
    @action(detail=True, methods=["get"])
    def report(self, request: Request, **_kwargs: Any) -> Response:
        """Count rooms, people and readers."""
        row = self.get_object()
        found = asdict(selectors.report(broadcast=row))
        found["deliveries"] = selectors.progress(broadcast=row).by_state
        return Response(ReportOut(found).data)


class DeliveryViewSet(mixins.ListModelMixin, BrandViewSet):
    """A broadcast on its way to each room."""

    queryset = Delivery.objects.all()
    serializer_class = DeliveryOut
    permissions = {"GET": Permission.BROADCASTS_VIEW}
    filters = {
        "state": Filter(
            serializers.ChoiceField(Delivery.State.choices), "state", "Only in this state."
        ),
    }
    orderings = ("id",)

    def get_queryset(self) -> Any:
        """Return the deliveries of the broadcast in the address.

        Raises:
            NotFound: it does not exist for the viewer.
        """
        rows = Broadcast.objects.visible_to(self.viewer)
        row = rows.filter(pk=self.kwargs["broadcast_id"]).first()
        if row is None:
            raise NotFound
        return selectors.deliveries_with_reads(broadcast=row)


def _draft(body: dict[str, Any]) -> Draft:
    given = {key: tuple(values) for key, values in body.get("audience", {}).items()}
    dealer = body.get("dealer")
    return Draft(
        name=body["name"],
        purpose=body["purpose"],
        body=body["body"],
        link=body.get("link", ""),
        audience=Audience(**given),
        scheduled_at=body.get("scheduled_at"),
        dealer_id=dealer.pk if isinstance(dealer, Dealer) else dealer,
    )


def _as_input(row: Broadcast) -> dict[str, Any]:
    names = ("name", "purpose", "body", "link", "audience", "scheduled_at")
    return {name: getattr(row, name) for name in names} | {"dealer": row.dealer_id}


def _dry_run_of(plan: Plan) -> dict[str, Any]:
    return {
        "at": plan.at,
        "rooms": len(plan.room_ids),
        "people": plan.people,
        "rooms_selected": len(plan.verdicts),
        "people_selected": plan.people_selected,
        "seats": plan.seats,
        "no_consent": plan.no_consent,
        "exclusions": plan.exclusions,
    }
