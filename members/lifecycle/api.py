from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from core.kernel.access import Permission
from core.kernel.api import (
    BadRequest,
    BrandViewSet,
    Filter,
    ModelSerializer,
    MomentField,
    RunStarted,
    Serializer,
    VersionField,
    VisibleRelatedField,
)
from members.lifecycle import selectors, services
from members.lifecycle.models import StageChange
from members.lifecycle.rules import LABELS, LIMITS
from members.lifecycle.selectors import WINDOWS
from members.profiles.models import Member, Stage

if TYPE_CHECKING:
    from rest_framework.request import Request

USUAL_WINDOW = 90
PLAIN: dict[str, Any] = {"detail": False, "pagination_class": None, "filter_backends": []}
DAYS = OpenApiParameter(
    "days", int, enum=WINDOWS, default=USUAL_WINDOW, description="Look back over so many days."
)


class ChangeOut(ModelSerializer):
    class Meta:
        model = StageChange
        fields = [
            "id",
            "member",
            "from_stage",
            "to_stage",
            "reason",
            "note",
            "policy_version",
            "at",
            "author_label",
            "of_merged",
        ]


class ChangeIn(Serializer):
    member = VisibleRelatedField(queryset=Member.objects.all())
    to_stage = serializers.ChoiceField(Stage.choices)
    note = serializers.CharField(max_length=200, help_text="Why; it stands in the history.")


class StageCount(Serializer):
    stage = serializers.ChoiceField(Stage.choices)
    count = serializers.IntegerField()
    came = serializers.IntegerField(help_text="Into the stage within 30 days.")
    went = serializers.IntegerField(help_text="Out of the stage within 30 days.")


class FlowOut(Serializer):
    from_stage = serializers.ChoiceField(Stage.choices)
    to_stage = serializers.ChoiceField(Stage.choices)
    count = serializers.IntegerField()


class BoardOut(Serializer):
    stages = StageCount(many=True)


class FlowsOut(Serializer):
    days = serializers.IntegerField()
    flows = FlowOut(many=True)


class RulesOut(Serializer):
    version = serializers.IntegerField(help_text="0 are the rules as delivered.")
    introduction_days = serializers.IntegerField()
    mature_days = serializers.IntegerField()
    mature_orders = serializers.IntegerField()
    dormant_days = serializers.IntegerField()
    lost_days = serializers.IntegerField()


def _term(name: str) -> serializers.IntegerField:
    low, high = LIMITS[name]
    return serializers.IntegerField(min_value=low, max_value=high, required=False)


class RulesTried(Serializer):
    introduction_days = _term("introduction_days")
    mature_days = _term("mature_days")
    mature_orders = _term("mature_orders")
    dormant_days = _term("dormant_days")
    lost_days = _term("lost_days")


class RulesChange(RulesTried):
    version = VersionField(min_value=0)


class MoveOut(Serializer):
    from_stage = serializers.ChoiceField(Stage.choices)
    to_stage = serializers.ChoiceField(Stage.choices)
    now = serializers.IntegerField(help_text="By the rules that hold.")
    then = serializers.IntegerField(help_text="By the rules that are tried.")


class EffectOut(Serializer):
    is_estimate = serializers.BooleanField(help_text="Above 100,000 members as many are looked at.")
    now = serializers.IntegerField()
    then = serializers.IntegerField()
    moves = MoveOut(many=True)


class StageChangeViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """When and why members changed stage: by the rules, by hand or by a file."""

    queryset = StageChange.objects.all()
    serializer_class = ChangeOut
    inputs = {"create": ChangeIn}
    permissions = {"GET": Permission.MEMBERS_VIEW, "POST": Permission.MEMBERS_EDIT}
    filters = {
        "member": Filter(serializers.IntegerField(min_value=1), "member_id", "Id of the member."),
        "reason": Filter(
            serializers.ChoiceField([reason.value for reason in LABELS]), "reason", "This reason."
        ),
        "since": Filter(MomentField(), "at__gte", "From this time on."),
        "until": Filter(MomentField(), "at__lt", "Before this time."),
    }
    orderings = ("-at",)

    def create(self, request: Request) -> Response:
        """Put a member into a stage by hand; the rules respect it until something happens."""
        change = services.change_by_hand(**self.parsed(), actor=self.viewer, now=timezone.now())
        return self.created(change)


class LifecycleViewSet(BrandViewSet):
    """The board: members per stage, flows between stages, and the rules."""

    queryset = StageChange.objects.all()
    serializer_class = BoardOut
    inputs = {"change_rules": RulesChange, "preview": RulesTried}
    permissions = {
        "GET": Permission.MEMBERS_VIEW,
        "change_rules": Permission.POLICIES_EDIT,
        "preview": Permission.POLICIES_EDIT,
        "apply": Permission.POLICIES_EDIT,
    }
    query_parameters = ("days",)

    @extend_schema(responses=BoardOut)
    @action(**PLAIN, methods=["get"])
    def stages(self, request: Request) -> Response:
        """Count the members of each stage, within the viewer's scope."""
        columns = selectors.board(viewer=self.viewer, now=timezone.now())
        return Response({"stages": [asdict(column) for column in columns]})

    @extend_schema(parameters=[DAYS], responses=FlowsOut)
    @action(**PLAIN, methods=["get"])
    def flows(self, request: Request) -> Response:
        """Count the changes from each stage to each other one, within a window."""
        days = self._days()
        since = timezone.now() - timedelta(days=days)
        flows = selectors.flows(viewer=self.viewer, since=since)
        return Response({"days": days, "flows": [asdict(flow) for flow in flows]})

    @extend_schema(responses=RulesOut)
    @action(**PLAIN, methods=["get"])
    def rules(self, request: Request) -> Response:
        """Read the rules that hold."""
        return self._rules()

    @extend_schema(request=RulesChange, responses=RulesOut)
    @rules.mapping.patch
    def change_rules(self, request: Request) -> Response:
        """Write the next version of the rules; who is moved by them is moved the next night."""
        changes = self.parsed()
        version = changes.pop("version")
        services.save_policy(
            changes=changes, version=version, actor=self.viewer, now=timezone.now()
        )
        return self._rules()

    @extend_schema(request=RulesTried, responses=EffectOut)
    @action(**PLAIN, methods=["post"], url_path="rules/preview", url_name="preview")
    def preview(self, request: Request) -> Response:
        """Answer whom other rules would move if they were applied now; nothing is kept or moved.

        What is left out is as in the rules that hold.
        """
        effect = services.try_policy(changes=self.parsed(), actor=self.viewer, now=timezone.now())
        return Response(EffectOut(effect).data)

    @extend_schema(request=None, responses={202: RunStarted})
    @action(**PLAIN, methods=["post"])
    def apply(self, request: Request) -> Response:
        """Apply the rules to everybody now, by the run that is answered; each night they are."""
        run = services.move_everybody(actor=self.viewer, now=timezone.now())
        return Response({"run": run.pk}, status=HTTPStatus.ACCEPTED)

    def _rules(self) -> Response:
        held = selectors.in_force(brand_id=self.viewer.brand_id)
        return Response({"version": held.version, **held.terms.as_dict()})

    def _days(self) -> int:
        text = self.request.query_params.get("days", str(USUAL_WINDOW))
        known = {str(days): days for days in WINDOWS}
        if text not in known:
            detail = _("Choose one of: %(days)s.") % {"days": ", ".join(known)}
            raise BadRequest(detail, "bad_parameter", parameter="days")
        return known[text]
