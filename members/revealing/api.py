from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from core.kernel.access import Permission
from core.kernel.api import BrandViewSet, ModelSerializer, Serializer
from members.profiles.models import Member
from members.revealing import selectors, services
from members.revealing.models import Reveal, RevealLimit
from members.revealing.services import LONGEST_NOTE

if TYPE_CHECKING:
    from rest_framework.request import Request

    from core.kernel.scoping import BrandQuerySet


class RevealIn(Serializer):
    field = serializers.ChoiceField(choices=Reveal.Field.choices)
    of = serializers.IntegerField(
        min_value=1,
        max_value=2**63 - 1,
        required=False,
        help_text="Which one: the id of the vehicle or of the identity.",
    )
    reason = serializers.ChoiceField(choices=Reveal.Reason.choices)
    note = serializers.CharField(
        max_length=LONGEST_NOTE, help_text="What it is needed for; kept with the member."
    )


class RevealOut(Serializer):
    value = serializers.CharField(help_text="The whole value. Do not keep it.")
    left = serializers.IntegerField(help_text="How many more may be revealed today.")


class RevealLimitOut(ModelSerializer):
    class Meta:
        model = RevealLimit
        fields = ["per_day"]


class RevealLimitIn(Serializer):
    per_day = serializers.IntegerField(min_value=0, max_value=RevealLimit.MOST)


class RevealViewSet(BrandViewSet):
    """The whole value behind a mask: for a reason, on record, and only so often a day."""

    queryset: BrandQuerySet[Any] = Member.objects.all()
    serializer_class = RevealOut
    inputs = {"create": RevealIn}
    permissions = {"POST": Permission.MEMBERS_REVEAL}
    filter_backends = []
    fleeting_actions = frozenset({"create"})  # A value that was kept would be seen uncounted.

    @extend_schema(request=RevealIn, responses=RevealOut)
    def create(self, request: Request, **_kwargs: Any) -> Response:
        """Reveal one value of a member; answered 429 once the day's cap is reached."""
        member, asked = self.get_object(), self.parsed()
        found = services.reveal(
            member=member,
            field=asked["field"],
            of_id=asked.get("of"),
            reason=asked["reason"],
            note=asked["note"],
            actor=self.viewer,
            now=timezone.now(),
        )
        answer = Response({"value": found.value, "left": found.left})
        answer["Cache-Control"] = "no-store"
        return answer


class RevealLimitViewSet(BrandViewSet):
    """How many values a person of the brand may reveal a day."""

    queryset = RevealLimit.objects.all()
    serializer_class = RevealLimitOut
    inputs = {"partial_update": RevealLimitIn}
    permissions = {"GET": Permission.PRIVACY_VIEW, "PATCH": Permission.PRIVACY_EDIT}

    def retrieve(self, request: Request, **_kwargs: Any) -> Response:
        """Answer the limit; the default where the brand has set none."""
        return self.rendered(selectors.limit_of(brand_id=self.viewer.brand_id))

    def partial_update(self, request: Request, **_kwargs: Any) -> Response:
        """Set the limit."""
        held = selectors.limit_of(brand_id=self.viewer.brand_id)
        limit = services.change_limit(
            per_day=self.parsed().get("per_day", held.per_day),
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.rendered(limit)
