from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from communities.communities import selectors, services
from communities.communities.models import Community
from communities.communities.services import Wanted
from communities.memberships import services as membership_services
from communities.policies import rules as policy_rules
from communities.policies.models import Kind
from communities.rooms import services as room_services
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
from core.organizations.models import City, Dealer

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

MAX_ID = 2**63 - 1


class CommunityOut(ModelSerializer):
    people = serializers.IntegerField(help_text="In open rooms.")
    seats = serializers.IntegerField(help_text="Of open rooms.")
    open_rooms = serializers.IntegerField()

    class Meta:
        model = Community
        fields = [
            *("id", "version", "kind", "state", "name", "topic", "dealer", "city", "room_cap"),
            *("people", "seats", "open_rooms", "ends_at", "created_at", "archived_at"),
        ]


class CommunityIn(Serializer):
    kind = serializers.ChoiceField(Kind.choices)
    name = serializers.CharField(max_length=120, required=False, help_text="Else by the policy.")
    topic = serializers.CharField(max_length=40, required=False)
    dealer = VisibleRelatedField(queryset=Dealer.objects.all(), required=False)
    city = serializers.PrimaryKeyRelatedField(queryset=City.objects.all(), required=False)
    room_cap = serializers.IntegerField(
        min_value=policy_rules.MIN_CAP, max_value=policy_rules.MAX_CAP, required=False
    )
    event = serializers.CharField(
        max_length=policy_rules.EVENT_LENGTH, required=False, help_text="For the name."
    )
    starts_at = MomentField(required=False, help_text="For the name.")
    ends_at = MomentField(
        required=False, help_text="Needed where the kind's `lifespan` is `event`."
    )


class CommunityChange(Serializer):
    version = VersionField()
    name = serializers.CharField(max_length=120, required=False)
    topic = serializers.CharField(max_length=40, allow_blank=True, required=False)
    room_cap = serializers.IntegerField(
        min_value=policy_rules.MIN_CAP, max_value=policy_rules.MAX_CAP, required=False
    )
    ends_at = MomentField(allow_null=True, required=False)


class CommunityName(Serializer):
    name = serializers.CharField(max_length=120, help_text="The community's name, to be sure.")


class CommunityViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Logical groups of one of the four kinds, with one or more rooms each."""

    queryset = Community.objects.all()
    serializer_class = CommunityOut
    inputs = {
        "create": CommunityIn,
        "partial_update": CommunityChange,
        "archive": CommunityName,
    }
    permissions = {
        "GET": Permission.COMMUNITIES_VIEW,
        "POST": Permission.COMMUNITIES_EDIT,
        "PATCH": Permission.COMMUNITIES_EDIT,
    }
    filters = {
        "kind": Filter(serializers.ChoiceField(Kind.choices), "kind", "Only this kind."),
        "state": Filter(
            serializers.ChoiceField(Community.State.choices), "state", "Only in this state."
        ),
        "dealer": Filter(
            serializers.IntegerField(min_value=1, max_value=MAX_ID),
            "dealer_id",
            "Id of the dealer.",
        ),
        "city": Filter(
            serializers.RegexField(r"^[0-9]{4}\Z"), "city_id", "Code of the city, four digits."
        ),
    }

    def get_queryset(self) -> QuerySet[Community]:  # type: ignore[override]
        """Return the viewer's communities with their figures."""
        return selectors.listed(viewer=self.viewer)

    def create(self, request: Request) -> Response:
        """Create a community with its first room."""
        body = self.parsed()
        dealer, city = body.pop("dealer", None), body.pop("city", None)
        community = room_services.open_community(
            wanted=Wanted(
                dealer_id=dealer.pk if dealer else None,
                city_code=city.pk if city else "",
                **body,
            ),
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.created(self.get_queryset().get(pk=community.pk))

    def partial_update(self, request: Request, **_kwargs: Any) -> Response:
        """Rename it or change the seats of its future rooms; open rooms keep theirs."""
        row, body = self.get_object(), self.parsed()
        kept = {name: getattr(row, name) for name in ("name", "topic", "room_cap", "ends_at")}
        services.edit_community(
            community=row,
            **kept | body,
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.rendered(self.get_queryset().get(pk=row.pk))

    @extend_schema(request=CommunityName, responses=CommunityOut)
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, **_kwargs: Any) -> Response:
        """Dissolve it: rooms close, everybody leaves, the history stays. Cannot be undone."""
        row = self.get_object()
        membership_services.archive_community(
            community=row,
            typed_name=self.parsed()["name"],
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.rendered(self.get_queryset().get(pk=row.pk))
