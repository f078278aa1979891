from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from communities.group_building import candidates, selectors, services
from communities.group_building.candidates import Candidate
from communities.group_building.models import (
    BuildGroup,
    BuildRule,
    BuildRun,
    CandidateBatch,
    GroupingKey,
)
from communities.group_building.services import RuleWanted
from communities.policies import rules as policy_rules
from communities.policies.models import Kind
from core.kernel.access import Permission
from core.kernel.api import (
    BadRequest,
    BrandViewSet,
    Filter,
    ModelSerializer,
    MomentField,
    Serializer,
    VersionField,
    VisibleRelatedField,
)
from core.kernel.errors import NotFound
from core.kernel.paging import DEFAULT_LIMIT, MAX_LIMIT
from members.segments.models import Segment
from members.tags.models import TagGroup

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

MAX_ID = 2**63 - 1
BUILDS = {
    "GET": Permission.COMMUNITIES_VIEW,
    "POST": Permission.BUILDS_RUN,
    "PATCH": Permission.BUILDS_RUN,
    "DELETE": Permission.BUILDS_RUN,
}


class BuildRuleOut(ModelSerializer):
    tag_group = serializers.IntegerField(source="tag_group_id", allow_null=True)

    class Meta:
        model = BuildRule
        fields = [
            *("id", "version", "name", "kind", "segment", "group_by", "room_cap"),
            *("name_template", "topic", "skip", "promotes", "event", "starts_at", "ends_at"),
            *("tag_group", "created_at", "updated_at"),
        ]


class BuildRuleIn(Serializer):
    name = serializers.CharField(max_length=80)
    kind = serializers.ChoiceField(Kind.choices)
    segment = VisibleRelatedField(
        queryset=Segment.objects.filter(is_archived=False),
        allow_null=True,
        required=False,
        help_text="Null means every member.",
    )
    group_by = serializers.ListField(
        child=serializers.ChoiceField(GroupingKey.choices),
        max_length=len(GroupingKey),
        required=False,
    )
    room_cap = serializers.IntegerField(
        min_value=policy_rules.MIN_CAP,
        max_value=policy_rules.MAX_CAP,
        allow_null=True,
        required=False,
        help_text="Null means as the kind's policy says.",
    )
    name_template = serializers.CharField(
        max_length=policy_rules.TEMPLATE_LENGTH, allow_blank=True, required=False
    )
    topic = serializers.CharField(max_length=40, allow_blank=True, required=False)
    skip = serializers.ChoiceField(BuildRule.Skip.choices, required=False)
    promotes = serializers.BooleanField(
        required=False, help_text="Its segment enters without the orders that the kind asks for."
    )
    tag_group = VisibleRelatedField(
        queryset=TagGroup.objects.all(),
        allow_null=True,
        required=False,
        help_text="Whose tags are the interests, for grouping by `interest`.",
    )
    event = serializers.CharField(
        max_length=policy_rules.EVENT_LENGTH,
        allow_blank=True,
        required=False,
        help_text="For the names.",
    )
    starts_at = MomentField(allow_null=True, required=False, help_text="For the names.")
    ends_at = MomentField(
        allow_null=True,
        required=False,
        help_text="Needed where the kind's `lifespan` is `event`; its communities get it.",
    )


class BuildRuleChange(BuildRuleIn):
    version = VersionField()


class BuildRunOut(ModelSerializer):
    progress = serializers.SerializerMethodField()

    class Meta:
        model = BuildRun
        fields = [
            *("id", "rule", "state", "plan", "preview", "report", "plan_task", "apply_task"),
            *("progress", "created_at", "confirmed_at", "applied_at"),
        ]

    def get_progress(self, run: BuildRun) -> dict[str, int | str | None] | None:
        """Return how far the task at work is; null while none is."""
        task = run.apply_task or run.plan_task
        if task is None or not task.is_open:
            return None
        return {"state": task.state, "done": task.done, "total": task.total}


class BuildRunIn(Serializer):
    rule = VisibleRelatedField(queryset=BuildRule.objects.filter(is_archived=False))


class BuildGroupOut(ModelSerializer):
    community = serializers.IntegerField(source="community_id", allow_null=True)

    class Meta:
        model = BuildGroup
        fields = [
            *("id", "group_no", "key", "label", "community", "candidate_count", "excluded_count"),
            *("existing_seats", "new_room_count", "placed_count"),
        ]


class BuildCandidateOut(serializers.Serializer[Candidate]):
    member = serializers.IntegerField(source="member_id")
    group_no = serializers.IntegerField()
    exclusion = serializers.ChoiceField(CandidateBatch.Exclusion.choices)


class BuildRuleViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Who is put together, in which kind of community, by what, under which names."""

    queryset = BuildRule.objects.filter(is_archived=False)
    serializer_class = BuildRuleOut
    inputs = {"create": BuildRuleIn, "partial_update": BuildRuleChange}
    permissions = BUILDS
    filters = {"kind": Filter(serializers.ChoiceField(Kind.choices), "kind", "Only this kind.")}

    def create(self, request: Request) -> Response:
        """Write a rule; it does nothing until a run of it is confirmed."""
        rule = services.create_rule(
            wanted=_wanted(self.parsed()), actor=self.viewer, now=timezone.now()
        )
        return self.created(rule)

    def partial_update(self, request: Request, **_kwargs: Any) -> Response:
        """Change a rule. Fields that are left out keep their values."""
        row, body = self.get_object(), self.parsed()
        version = body.pop("version")
        names = map(str, BuildRuleIn().fields.keys() - {"tag_group"})
        kept = {name: getattr(row, name) for name in names}
        kept["tag_group"] = TagGroup.objects.filter(pk=row.tag_group_id).first()
        rule = services.edit_rule(
            rule_id=row.pk,
            wanted=_wanted(kept | body),
            version=version,
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.rendered(rule)

    def destroy(self, request: Request, **_kwargs: Any) -> Response:
        """Take a rule out of use; its communities and its history stay."""
        row = self.get_object()
        services.archive_rule(rule_id=row.pk, actor=self.viewer, now=timezone.now())
        return Response(status=HTTPStatus.NO_CONTENT)


class BuildRunViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Uses of a rule: planned, looked at, confirmed, applied."""

    queryset = BuildRun.objects.all()
    serializer_class = BuildRunOut
    inputs = {"create": BuildRunIn}
    permissions = BUILDS
    filters = {
        "rule": Filter(
            serializers.IntegerField(min_value=1, max_value=MAX_ID), "rule_id", "Id of the rule."
        ),
        "state": Filter(
            serializers.ChoiceField(BuildRun.State.choices), "state", "Only in this state."
        ),
    }

    def get_queryset(self) -> QuerySet[BuildRun]:  # type: ignore[override]
        """Return the viewer's runs with their tasks."""
        return selectors.runs_of(viewer=self.viewer)

    def create(self, request: Request) -> Response:
        """Plan a run: the preview is worked out in the background. Follow ``progress``."""
        run = services.plan_run(
            rule_id=self.parsed()["rule"].pk, actor=self.viewer, now=timezone.now()
        )
        return self.created(run)

    @extend_schema(request=None, responses=BuildRunOut)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, **_kwargs: Any) -> Response:
        """Let a previewed run place its people."""
        run = services.confirm_run(
            run_id=self.get_object().pk, actor=self.viewer, now=timezone.now()
        )
        return self.rendered(run)

    @extend_schema(request=None, responses=BuildRunOut)
    @action(detail=True, methods=["post"])
    def discard(self, request: Request, **_kwargs: Any) -> Response:
        """Give up a run that has placed nobody yet."""
        run = services.discard_run(
            run_id=self.get_object().pk, actor=self.viewer, now=timezone.now()
        )
        return self.rendered(run)


class _PartOfRun(mixins.ListModelMixin, BrandViewSet):
    """Rows of one run, which the address names."""

    permissions = {"GET": Permission.COMMUNITIES_VIEW}

    def run(self) -> BuildRun:
        """Return the run.

        Raises:
            NotFound: the run does not exist for the viewer.
        """
        runs = BuildRun.objects.visible_to(self.viewer)
        run = runs.filter(pk=self.kwargs["run_id"]).first()
        if run is None:
            raise NotFound(_("This run does not exist."))
        return run


class BuildGroupViewSet(_PartOfRun):
    """The groups of a run: people who share the rule's keys, and what became of them."""

    queryset = BuildGroup.objects.all()
    serializer_class = BuildGroupOut
    orderings = ("group_no", "candidate_count")

    def get_queryset(self) -> QuerySet[BuildGroup]:  # type: ignore[override]
        """Return the groups of the run."""
        return super().get_queryset().filter(run=self.run())


class ByMember:
    """Pages of candidates by the member's number: ``after`` and ``limit``."""

    parameters = ("after", "limit")

    def get_schema_operation_parameters(self, _view: Any) -> list[dict[str, Any]]:
        """Describe the parameters for OpenAPI."""
        limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
        told = [
            ("after", "Members with larger numbers; the last answer's `next_after`.", {}),
            ("limit", "How many at most.", limit),
        ]
        return [
            {
                "name": name,
                "in": "query",
                "description": text,
                "schema": {"type": "integer", "minimum": 0} | schema,
            }
            for name, text, schema in told
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe the answer."""
        return {
            "type": "object",
            "required": ["next_after", "results"],
            "properties": {"next_after": {"type": ["integer", "null"]}, "results": schema},
        }


class BuildCandidateViewSet(_PartOfRun):
    """What a run says of each member: a group to join, or the reason why not."""

    queryset = CandidateBatch.objects.all()
    serializer_class = BuildCandidateOut
    pagination_class = ByMember  # type: ignore[assignment]
    filters = {
        "exclusion": Filter(
            serializers.ChoiceField([c for c in CandidateBatch.Exclusion.choices if c[0]]),
            "exclusion",
            "Only those left out for this reason.",
        ),
        "group_no": Filter(
            serializers.IntegerField(min_value=1, max_value=2**31 - 1), "group_no", "One group."
        ),
        "member": Filter(
            serializers.IntegerField(min_value=1, max_value=MAX_ID), "member_id", "One member."
        ),
    }

    def list(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """List the people of one reason, those of one group, or one person."""
        params = request.query_params
        named = set(self.filters) & set(params)
        if len(named) != 1:
            text = _("Name either an exclusion, a group or a member.")
            raise BadRequest(text, "missing_parameter")
        name = named.pop()
        value = self.filters[name].parsed(name, params[name])
        after = _whole(params, "after", default=0, most=MAX_ID)
        limit = _whole(params, "limit", default=DEFAULT_LIMIT, most=MAX_LIMIT)
        found = _candidates(self.run(), name, value, after=after, limit=limit + 1)
        more, found = len(found) > limit, found[:limit]
        return Response(
            {
                "next_after": found[-1].member_id if more else None,
                "results": self.get_serializer(found, many=True).data,
            }
        )


def _candidates(run: BuildRun, name: str, value: Any, *, after: int, limit: int) -> list[Candidate]:
    if name == "group_no":
        return candidates.of_group(run=run, group_no=value, after=after, limit=limit)
    if name == "exclusion":
        return candidates.of_exclusion(run=run, exclusion=value, after=after, limit=limit)
    found = candidates.of_member(run=run, member_id=value)
    return [found] if found and found.member_id > after else []


def _whole(params: Any, name: str, *, default: int, most: int) -> int:
    text = params.get(name, str(default))
    if text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= most:
        return int(text)
    raise BadRequest(_("This must be a whole number."), "bad_parameter", parameter=name)


def _wanted(body: dict[str, Any]) -> RuleWanted:
    segment = body.pop("segment", None)
    tags = body.pop("tag_group", None)
    group_by = tuple(body.pop("group_by", ()))
    return RuleWanted(
        segment_id=segment.pk if segment else None,
        tag_group_id=tags.pk if tags else None,
        group_by=group_by,
        **body,
    )
