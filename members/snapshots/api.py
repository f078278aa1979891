from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

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
    Serializer,
    VisibleRelatedField,
)
from core.kernel.errors import NotFound
from core.kernel.paging import MAX_LIMIT
from members.segments.models import Segment
from members.snapshots import selectors, services
from members.snapshots.models import Snapshot
from members.snapshots.rules import Part, Side, side_of

if TYPE_CHECKING:
    from rest_framework.request import Request

MAX_ID = 2**63 - 1
MOST_IDS = 10_000
LISTS_IDS = {"members", "side"}
PAGE_OF_IDS = [
    OpenApiParameter("after", int, description="The last id seen."),
    OpenApiParameter("limit", int, description=f"How many ids, at most {MOST_IDS}."),
]


class SnapshotOut(ModelSerializer):
    class Meta:
        model = Snapshot
        fields = [
            *("id", "segment", "number", "tree", "member_count", "previous_id", "plus_count"),
            *("minus_count", "run", "taken_at", "created_by_label", "created_at"),
        ]


class SnapshotIn(Serializer):
    segment = VisibleRelatedField(queryset=Segment.objects.filter(is_archived=False))


class DifferenceOut(Serializer):
    plus = serializers.IntegerField(help_text="In this one, not in the other.")
    minus = serializers.IntegerField(help_text="In the other, not in this one.")
    stayed = serializers.IntegerField(help_text="In both.")


class IdsOut(Serializer):
    next_after = serializers.IntegerField(allow_null=True, help_text="Null at the end.")
    results = serializers.ListField(child=serializers.IntegerField())


class SnapshotViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Segments as they were at a moment, with the conditions of then.

    Taking one is a background run; ``taken_at`` is null until it is done. For viewers who see the
    whole brand.
    """

    queryset = Snapshot.objects.select_related("segment")
    serializer_class = SnapshotOut
    inputs = {"create": SnapshotIn}
    permissions = {
        "GET": Permission.SEGMENTS_VIEW,
        "POST": Permission.SEGMENTS_EDIT,
        "DELETE": Permission.SEGMENTS_EDIT,
    }
    filters = {
        "segment": Filter(
            serializers.IntegerField(min_value=1, max_value=MAX_ID), "segment_id", "One segment."
        )
    }

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Take the marks of a page of ids where ids are listed."""
        if self.action in LISTS_IDS:
            vars(self)["query_parameters"] = tuple(mark.name for mark in PAGE_OF_IDS)
        super().initial(request, *args, **kwargs)

    @extend_schema(request=SnapshotIn, responses={202: SnapshotOut})
    def create(self, _request: Request) -> Response:
        """Have a snapshot taken; answers before it is."""
        if not self.viewer.is_brand_wide:
            raise NotFound
        made = services.take_snapshot(
            segment=self.parsed()["segment"], actor=self.viewer, now=timezone.now()
        )
        response = self.created(made)
        response.status_code = HTTPStatus.ACCEPTED
        return response

    def destroy(self, _request: Request, **_kwargs: Any) -> Response:
        """Forget a snapshot and whom it names."""
        services.delete_snapshot(snapshot=self.get_object(), actor=self.viewer, now=timezone.now())
        return Response(status=HTTPStatus.NO_CONTENT)

    @extend_schema(responses=DifferenceOut)
    @action(detail=True, methods=["get"], url_path="against/(?P<other>[0-9]{1,18})")
    def against(self, _request: Request, other: str, **_kwargs: Any) -> Response:
        """Count who joined, left and stayed from another snapshot to this one."""
        told = selectors.difference(later=self._taken(), earlier=self._other(other))
        return Response(DifferenceOut(told).data)

    @extend_schema(
        operation_id="segment_snapshots_side_list_ids", parameters=PAGE_OF_IDS, responses=IdsOut
    )
    @action(
        detail=True,
        methods=["get"],
        url_path="against/(?P<other>[0-9]{1,18})/(?P<side>plus|minus|stayed)",
        url_name="side",
    )
    def side(self, request: Request, other: str, side: str, **_kwargs: Any) -> Response:
        """List ids of who joined, left or stayed, in order; ``after`` goes on from the last."""
        own, earlier = self._taken(), self._other(other)
        part = side_of(side=Side(side), later=own.pk, earlier=earlier.pk)
        return self._ids(request, part)

    @extend_schema(parameters=PAGE_OF_IDS, responses=IdsOut)
    @action(detail=True, methods=["get"])
    def members(self, request: Request, **_kwargs: Any) -> Response:
        """List the ids of who was in it, in order; ``after`` goes on from the last."""
        return self._ids(request, Part(self._taken().pk))

    def _ids(self, request: Request, part: Part) -> Response:
        after = _whole(request, "after", default=0, most=MAX_ID)
        limit = _whole(request, "limit", default=MAX_LIMIT, most=MOST_IDS)
        found = selectors.member_ids(
            part=part, brand_id=self.viewer.brand_id, after=after, limit=limit + 1
        )
        shown = found[:limit]
        told = {"next_after": shown[-1] if shown and len(found) > limit else None}
        return Response(told | {"results": shown})

    def _taken(self) -> Snapshot:
        snapshot = cast("Snapshot", self.get_object())
        if snapshot.taken_at is None:
            raise NotFound(_("This snapshot is still being taken."))
        return snapshot

    def _other(self, number: str) -> Snapshot:
        """Return the one to compare with: any other of the same segment."""
        rows = self.get_queryset().filter(segment_id=self.get_object().segment_id)
        other: Snapshot | None = rows.exclude(taken_at=None).filter(pk=int(number)).first()
        if other is None:
            raise NotFound
        return other


def _whole(request: Request, name: str, *, default: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    if text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= most:
        return int(text)
    raise BadRequest(_("This must be a whole number."), "bad_parameter", parameter=name)
