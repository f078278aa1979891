from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action

from core.kernel.access import Permission
from core.kernel.api import (
    BrandViewSet,
    Filter,
    ModelSerializer,
    Serializer,
    VisibleRelatedField,
)
from core.kernel.batches import RowProblemOut
from core.organizations.models import Dealer
from members.profiles.models import Member
from members.vehicles import rules, services
from members.vehicles.models import (
    MileageReading,
    Ownership,
    ServiceVisit,
    Vehicle,
    VehicleModel,
)
from members.vehicles.services import MAX_FEN, MAX_KM, Car

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response

READ_AND_EDIT = {"GET": Permission.MEMBERS_VIEW, "POST": Permission.MEMBERS_EDIT}
OF_VEHICLE = Filter(serializers.IntegerField(min_value=1), "vehicle_id", "Id of the vehicle.")


class VehicleOut(ModelSerializer):
    class Meta:
        model = Vehicle
        fields = ["id", "vin_tail", "model", "is_domestic", "mileage_km", "created_at"]


class OwnershipOut(ModelSerializer):
    class Meta:
        model = Ownership
        fields = ["id", "vehicle", "member", "delivered_on", "ended_on"]


class OwnershipMade(OwnershipOut):
    """Answers the entry of a car: with what to look at again, though it was taken."""

    warnings = serializers.SerializerMethodField()

    class Meta(OwnershipOut.Meta):
        fields = [*OwnershipOut.Meta.fields, "warnings"]

    @extend_schema_field(RowProblemOut(many=True))
    def get_warnings(self, _held: Ownership) -> list[dict[str, str]]:
        """Return the warnings of the car, as the body pointed to it."""
        if rules.has_right_check_digit(rules.normalized_vin(self.context["vin"])):
            return []
        code = "vin_check_digit"
        return [{"pointer": "/vin", "code": code, "detail": str(rules.WARNINGS[code])}]


class OwnershipIn(Serializer):
    member = VisibleRelatedField(queryset=Member.objects.all())
    vin = serializers.CharField(max_length=40)
    model = VisibleRelatedField(queryset=VehicleModel.objects.all())
    delivered_on = serializers.DateField()
    is_domestic = serializers.BooleanField(required=False, default=True)


class EndIn(Serializer):
    ended_on = serializers.DateField()


class TransferIn(Serializer):
    to = VisibleRelatedField(queryset=Member.objects.all())
    on = serializers.DateField()


class ReadingOut(ModelSerializer):
    class Meta:
        model = MileageReading
        fields = ["id", "vehicle", "read_on", "km", "reason", "created_at"]


class ReadingIn(Serializer):
    vehicle = VisibleRelatedField(queryset=Vehicle.objects.all())
    read_on = serializers.DateField()
    km = serializers.IntegerField(min_value=0, max_value=MAX_KM)
    reason = serializers.CharField(max_length=200, allow_blank=True, required=False, default="")


class VisitOut(ModelSerializer):
    class Meta:
        model = ServiceVisit
        fields = [
            *("id", "vehicle", "visited_on", "dealer", "kind", "mileage_km", "amount_fen"),
            "created_at",
        ]


class VisitIn(Serializer):
    vehicle = VisibleRelatedField(queryset=Vehicle.objects.all())
    visited_on = serializers.DateField()
    kind = serializers.ChoiceField(choices=ServiceVisit.Kind.choices)
    dealer = VisibleRelatedField(queryset=Dealer.objects.all(), allow_null=True, required=False)
    mileage_km = serializers.IntegerField(
        min_value=0, max_value=MAX_KM, allow_null=True, required=False
    )
    amount_fen = serializers.IntegerField(min_value=0, max_value=MAX_FEN, required=False, default=0)


class VehicleViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Cars that members own or owned. A VIN goes in whole and comes out by its last six."""

    queryset: Any = Vehicle.objects.all()
    serializer_class = VehicleOut
    permissions = {"GET": Permission.MEMBERS_VIEW}
    filters = {
        "vin_tail": Filter(
            serializers.RegexField(r"^[A-HJ-NPR-Z0-9]{6}$"), "vin_tail", "Last six of the VIN."
        ),
        "model": Filter(serializers.IntegerField(min_value=1), "model_id", "Id of the model."),
    }


class OwnershipViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Who had which car from when to when. Times of one car never overlap."""

    queryset: Any = Ownership.objects.all()
    serializer_class = OwnershipOut
    inputs = {"create": OwnershipIn, "end": EndIn, "transfer": TransferIn}
    permissions = READ_AND_EDIT
    filters = {
        "vehicle": OF_VEHICLE,
        "member": Filter(serializers.IntegerField(min_value=1), "member_id", "Id of the member."),
    }

    @extend_schema(responses={201: OwnershipMade})
    def create(self, request: Request) -> Response:
        """Note that a member owns a car; a VIN unknown so far becomes a vehicle.

        A wrong check digit refuses a car built in China; of another it is answered in `warnings`.
        """
        values = self.parsed()
        member, delivered_on = values.pop("member"), values.pop("delivered_on")
        held = services.add_ownership(
            member=member,
            car=Car(**values),
            delivered_on=delivered_on,
            actor=self.viewer,
            now=timezone.now(),
        )
        answer = self.created(held)
        context = {**self.get_serializer_context(), "vin": values["vin"]}
        answer.data = OwnershipMade(held, context=context).data
        return answer

    @action(detail=True, methods=["post"])
    def end(self, request: Request, **_kwargs: Any) -> Response:
        """End an ownership: from that day on the car is no longer the member's."""
        held = services.end_ownership(
            ownership=self.get_object(), **self.parsed(), actor=self.viewer, now=timezone.now()
        )
        return self.rendered(held)

    @action(detail=True, methods=["post"])
    def transfer(self, request: Request, **_kwargs: Any) -> Response:
        """Hand the car on to another member; answers the new ownership."""
        fresh = services.transfer(
            ownership=self.get_object(), **self.parsed(), actor=self.viewer, now=timezone.now()
        )
        return self.rendered(fresh, 201)


class ReadingViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """What odometers showed. Lower than before only with a reason."""

    queryset: Any = MileageReading.objects.all()
    serializer_class = ReadingOut
    inputs = {"create": ReadingIn}
    permissions = READ_AND_EDIT
    filters = {"vehicle": OF_VEHICLE}

    def create(self, request: Request) -> Response:
        """Record a reading."""
        reading = services.record_reading(**self.parsed(), actor=self.viewer, now=timezone.now())
        return self.created(reading)


class VisitViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Visits to workshops; amounts are integer fen."""

    queryset: Any = ServiceVisit.objects.all()
    serializer_class = VisitOut
    inputs = {"create": VisitIn}
    permissions = READ_AND_EDIT
    filters = {"vehicle": OF_VEHICLE}

    def create(self, request: Request) -> Response:
        """Record a visit; its mileage becomes a reading as well."""
        visit = services.record_visit(**self.parsed(), actor=self.viewer, now=timezone.now())
        return self.created(visit)
