from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from rest_framework import mixins, serializers
from rest_framework.response import Response

from communities.policies import rules, services
from communities.policies.models import CommunityPolicy, Entry, Kind, Lifespan, Window
from core.kernel.access import Permission
from core.kernel.api import BrandViewSet, Filter, ModelSerializer, Serializer, VersionField

if TYPE_CHECKING:
    from rest_framework.request import Request

TERMS = [
    *("room_cap", "name_template", "marketing_limit", "marketing_window"),
    *("marketing_gap_minutes", "quiet_from", "quiet_until", "alert_percent"),
    *("entry", "entry_orders", "entry_days", "lifespan", "closing_hours"),
    *("staff_least", "staff_most", "staff_role"),
]


class PolicyOut(ModelSerializer):
    class Meta:
        model = CommunityPolicy
        fields = ["kind", "policy_version", *TERMS, "created_by_label", "created_at"]


class PolicyChange(Serializer):
    policy_version = VersionField()
    room_cap = serializers.IntegerField(
        min_value=rules.MIN_CAP, max_value=rules.MAX_CAP, required=False
    )
    name_template = serializers.CharField(max_length=rules.TEMPLATE_LENGTH, required=False)
    marketing_limit = serializers.IntegerField(
        min_value=0, max_value=rules.MAX_LIMIT, required=False
    )
    marketing_window = serializers.ChoiceField(Window.choices, required=False)
    marketing_gap_minutes = serializers.IntegerField(
        min_value=0, max_value=rules.MINUTES_A_DAY, required=False
    )
    quiet_from = serializers.TimeField(allow_null=True, required=False)
    quiet_until = serializers.TimeField(allow_null=True, required=False)
    alert_percent = serializers.IntegerField(min_value=1, max_value=100, required=False)
    entry = serializers.ChoiceField(
        Entry.choices,
        required=False,
        help_text="`orders` asks for `entry_orders` in the last `entry_days`.",
    )
    entry_orders = serializers.IntegerField(
        min_value=1, max_value=rules.MAX_ENTRY_ORDERS, required=False
    )
    entry_days = serializers.IntegerField(
        min_value=1, max_value=rules.MAX_ENTRY_DAYS, required=False
    )
    lifespan = serializers.ChoiceField(
        Lifespan.choices,
        required=False,
        help_text="With `event`, a community needs `ends_at`.",
    )
    closing_hours = serializers.IntegerField(
        min_value=0,
        max_value=rules.MAX_CLOSING_HOURS,
        required=False,
        help_text="A community closes so many hours after its `ends_at`.",
    )
    staff_least = serializers.IntegerField(min_value=0, max_value=rules.MAX_STAFF, required=False)
    staff_most = serializers.IntegerField(
        min_value=1,
        max_value=rules.MAX_STAFF,
        allow_null=True,
        required=False,
        help_text="Null means no upper bound.",
    )
    staff_role = serializers.CharField(
        max_length=rules.STAFF_ROLE_LENGTH, allow_blank=True, required=False
    )


class PolicyViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """What each of the four kinds of community is allowed. A change makes the next version."""

    queryset = CommunityPolicy.objects.filter(is_current=True)
    serializer_class = PolicyOut
    lookup_field = "kind"
    lookup_value_regex = "|".join(Kind.values)
    inputs = {"partial_update": PolicyChange}
    permissions = {"GET": Permission.COMMUNITIES_VIEW, "PATCH": Permission.POLICIES_EDIT}
    filters = {"kind": Filter(serializers.ChoiceField(Kind.choices), "kind", "Only this kind.")}
    orderings = ("id",)

    def partial_update(self, request: Request, **_kwargs: Any) -> Response:
        """Write the next version; terms that are left out stay."""
        held, body = self.get_object(), self.parsed()
        version = body.pop("policy_version")
        policy = services.change_policy(
            kind=held.kind,
            changes=body,
            policy_version=version,
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.rendered(policy)
