"""The REST routes of members."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from members.imports.api import ImportViewSet
from members.lifecycle.api import LifecycleViewSet, StageChangeViewSet
from members.members.api import MemberViewSet
from members.orders.api import OrderViewSet
from members.segments.api import SegmentViewSet
from members.snapshots.api import SnapshotViewSet
from members.tags.api import TagActViewSet, TagGroupViewSet, TagLimitsViewSet, TagViewSet
from members.timeline.api import TimelineViewSet

app_name = "members"
router = SimpleRouter()
router.register("imports", ImportViewSet, basename="imports")
router.register("lifecycle", LifecycleViewSet, basename="lifecycle")
router.register("members", MemberViewSet, basename="members")
router.register("orders", OrderViewSet, basename="orders")
router.register("segments", SegmentViewSet, basename="segments")
router.register("segment-snapshots", SnapshotViewSet, basename="segment-snapshots")
router.register("stage-changes", StageChangeViewSet, basename="stage-changes")
router.register("tag-acts", TagActViewSet, basename="tag-acts")
router.register("tag-groups", TagGroupViewSet, basename="tag-groups")
router.register("tags", TagViewSet, basename="tags")
limits = TagLimitsViewSet.as_view({"get": "retrieve", "patch": "partial_update"})
timeline = TimelineViewSet.as_view({"get": "retrieve"})
urlpatterns = [
    path("tag-limits/", limits, name="tag-limits"),
    path("members/<int:member_id>/timeline/", timeline, name="members-timeline"),
    *router.urls,
]
