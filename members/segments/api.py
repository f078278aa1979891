from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
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
    Serializer,
    VersionField,
)
from core.kernel.errors import InvalidInput, NotFound
from members.live import selectors as live_selectors
from members.live import services as live_services
from members.profiles.models import Member
from members.segments import selectors, services
from members.segments.models import Segment

if TYPE_CHECKING:
    from rest_framework.request import Request

    from core.kernel.access import Viewer

SAMPLE, MOST_IDS, MOST_DIGITS = 20, 10_000, 19


class TreeField(serializers.JSONField):
    """Conditions; the service judges what they mean and points to what is wrong."""


class SegmentOut(ModelSerializer):
    class Meta:
        model = Segment
        fields = [
            "id",
            "name",
            "description",
            "tree",
            "member_count",
            "counted_at",
            "is_archived",
            "created_at",
            "updated_at",
            "version",
        ]

    def to_representation(self, instance: Segment) -> dict[str, Any]:
        """Keep the whole brand's count from those who see a part of it."""
        shown: dict[str, Any] = super().to_representation(instance)
        if not self.context["request"].auth.is_brand_wide:
            shown["member_count"] = shown["counted_at"] = None
        return shown


class SegmentIn(Serializer):
    name = serializers.CharField(max_length=80)
    description = serializers.CharField(max_length=300, allow_blank=True, required=False)
    tree = TreeField()


class SegmentChange(SegmentIn):
    version = VersionField()


class TreeIn(Serializer):
    tree = TreeField()


class SampledMember(Serializer):
    id = serializers.IntegerField()
    phone_masked = serializers.CharField()
    stage = serializers.CharField()
    city = serializers.CharField(source="city_id", allow_null=True)
    home_dealer = serializers.IntegerField(source="home_dealer_id", allow_null=True)


class ReasonOut(Serializer):
    condition = serializers.CharField(source="text", help_text="In words.")
    pointer = serializers.CharField(help_text="Its place in the tree.")
    is_met = serializers.BooleanField()


class ExplanationOut(Serializer):
    is_in = serializers.BooleanField()
    reasons = ReasonOut(many=True)


class LiveOut(Serializer):
    is_live = serializers.BooleanField()
    member_count = serializers.IntegerField(allow_null=True)
    refreshed_at = serializers.DateTimeField(allow_null=True)
    problem = serializers.CharField()


class LiveIdsOut(Serializer):
    next_after = serializers.IntegerField(allow_null=True, help_text="Null at the end.")
    results = serializers.ListField(child=serializers.IntegerField())


def _live_state(segment: Segment, viewer: Viewer) -> dict[str, Any]:
    live = live_selectors.live_of(segment=segment)
    is_known = live is not None and live.refreshed_at is not None
    told = {
        "is_live": live is not None,
        "member_count": live.member_count if live and is_known and viewer.is_brand_wide else None,
        "refreshed_at": live.refreshed_at if live else None,
        "problem": live.problem if live else "",
    }
    return dict(LiveOut(told).data)


class SegmentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Members found by conditions. The members themselves: ``/members/?segment=ID``.

    A tree is ``{"op": "all" | "any" | "not", "items": [...]}`` over conditions
    ``{"field", "cmp", "value"}``; ``/segments/schema/`` is its JSON Schema (2020-12), with every
    field, comparison and shape of value. What a schema cannot know, such as whether a tag exists,
    is refused as a problem that points to its condition.
    """

    queryset = Segment.objects.all()
    serializer_class = SegmentOut
    inputs = {
        "create": SegmentIn,
        "partial_update": SegmentChange,
        "count": TreeIn,
        "sample": TreeIn,
    }
    permissions = {
        "GET": Permission.SEGMENTS_VIEW,
        "POST": Permission.SEGMENTS_EDIT,
        "PATCH": Permission.SEGMENTS_EDIT,
        "DELETE": Permission.SEGMENTS_EDIT,
        "count": Permission.SEGMENTS_VIEW,
        "sample": Permission.SEGMENTS_VIEW,
    }
    filters = {
        "is_archived": Filter(serializers.BooleanField(), "is_archived", "Out of use, or in use."),
        "name": Filter(serializers.CharField(max_length=80), "name", "Exactly this name."),
    }

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Take the mark of a page of ids where ids are listed."""
        if self.action == "live_members":
            vars(self)["query_parameters"] = ("after",)
        super().initial(request, *args, **kwargs)

    def create(self, request: Request) -> Response:
        """Save a segment and count it."""
        segment = services.create_segment(**self.parsed(), actor=self.viewer, now=timezone.now())
        return self.created(segment)

    def partial_update(self, request: Request, **_kwargs: Any) -> Response:
        """Change a segment, unless somebody did so meanwhile."""
        held, changes = self.get_object(), self.parsed()
        segment = services.change_segment(
            segment=held,
            version=changes.pop("version"),
            changes=changes,
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.rendered(segment)

    @action(detail=True, methods=["post"])
    def archive(self, request: Request, **_kwargs: Any) -> Response:
        """Take a segment out of use."""
        segment = services.archive_segment(
            segment=self.get_object(), actor=self.viewer, now=timezone.now()
        )
        return self.rendered(segment)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, **_kwargs: Any) -> Response:
        """Take an archived segment into use again."""
        segment = services.restore_segment(
            segment=self.get_object(), actor=self.viewer, now=timezone.now()
        )
        return self.rendered(segment)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def recount(self, request: Request, **_kwargs: Any) -> Response:
        """Count a segment anew and keep the number."""
        return self.rendered(services.recount(segment=self.get_object(), now=timezone.now()))

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    @action(detail=False, methods=["get"], url_path="schema", url_name="schema")
    def tree_schema(self, request: Request) -> Response:
        """Return the JSON Schema (2020-12) of a tree, with every field of this installation."""
        address = request.build_absolute_uri()
        return Response(selectors.schema(address=address, brand_id=self.viewer.brand_id))

    @extend_schema(responses=ExplanationOut)
    @action(detail=True, methods=["get"], url_path="explain/(?P<member>[0-9]{1,18})")
    def explain(self, _request: Request, member: str, **_kwargs: Any) -> Response:
        """Say why a member is in the segment or is not: each condition in words."""
        segment = self.get_object()
        found = Member.objects.visible_to(self.viewer).filter(pk=int(member)).first()
        if found is None:
            raise NotFound
        told = selectors.explained(
            tree=segment.tree,
            brand_id=self.viewer.brand_id,
            member_id=found.pk,
            now=timezone.now(),
        )
        return Response(ExplanationOut(told).data)

    @extend_schema(methods=["GET", "POST"], request=None, responses=LiveOut)
    @extend_schema(methods=["DELETE"], responses={204: None})
    @action(detail=True, methods=["get", "post", "delete"])
    def live(self, request: Request, **_kwargs: Any) -> Response:
        """Keep its members up to date (POST), keep them no longer (DELETE), or ask as of when."""
        segment, now = self.get_object(), timezone.now()
        if request.method == "DELETE":
            live_services.switch_off(segment=segment, actor=self.viewer, now=now)
            return Response(status=HTTPStatus.NO_CONTENT)
        if request.method == "POST":
            live_services.switch_on(segment=segment, actor=self.viewer, now=now)
        return Response(_live_state(segment, self.viewer))

    @extend_schema(
        parameters=[OpenApiParameter("after", int, description="The last id seen.")],
        responses=LiveIdsOut,
    )
    @action(detail=True, methods=["get"], url_path="live/members", url_name="live-members")
    def live_members(self, request: Request, **_kwargs: Any) -> Response:
        """List the ids that a live segment keeps, in order; for who sees the whole brand."""
        typed = request.query_params.get("after", "0")
        if not (typed.isascii() and typed.isdecimal() and len(typed) < MOST_DIGITS):
            text = _("This must be a whole number.")
            raise BadRequest(text, "bad_parameter", parameter="after")
        segment = self.get_object()
        if not self.viewer.is_brand_wide or live_selectors.live_of(segment=segment) is None:
            raise NotFound
        found = live_selectors.member_ids(segment=segment, after=int(typed), limit=MOST_IDS + 1)
        ids = found[:MOST_IDS]
        told = {"next_after": ids[-1] if len(found) > MOST_IDS else None, "results": ids}
        return Response(LiveIdsOut(told).data)

    @action(detail=False, methods=["post"])
    def count(self, request: Request) -> Response:
        """Count a tree within the viewer's scope: the whole and each condition alone."""
        now, scope = timezone.now(), self._scope()
        root = self._root()
        return Response(
            {
                "count": selectors.count(tree=root, now=now, **scope),
                "conditions": selectors.counts_of_conditions(tree=root, now=now, **scope),
            }
        )

    @action(detail=False, methods=["post"])
    def sample(self, request: Request) -> Response:
        """Count a tree and draw some of its members; the same tree draws the same ones."""
        seen = selectors.preview(
            tree=self._root(), now=timezone.now(), limit=SAMPLE, **self._scope()
        )
        people = selectors.people(member_ids=seen.member_ids, viewer=self.viewer)
        shown = SampledMember(people, many=True).data
        return Response({"count": seen.count, "members": shown})

    def _scope(self) -> dict[str, Any]:
        return {"brand_id": self.viewer.brand_id, "dealer_ids": self.viewer.dealer_ids}

    def _root(self) -> Any:
        try:
            return selectors.parse(tree=self.parsed()["tree"], brand_id=self.viewer.brand_id)
        except InvalidInput as refusal:
            raise refusal.below("/tree") from refusal
