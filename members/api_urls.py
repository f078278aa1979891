"""The REST routes of members."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from members.custom_fields.api import CustomFieldViewSet
from members.duplicates.api import DuplicateViewSet
from members.erasure.api import DeletionPreviewViewSet, ErasurePolicyViewSet, ErasureViewSet
from members.identities.api import IdentityViewSet
from members.imports.api import (
    ImportViewSet,
    MemberBatchViewSet,
    OrderBatchViewSet,
    VehicleBatchViewSet,
)
from members.lifecycle.api import LifecycleViewSet, StageChangeViewSet
from members.members.api import MemberViewSet
from members.merging.api import MergeViewSet
from members.orders.api import OrderViewSet
from members.privacy.api import ConsentTextViewSet, ConsentViewSet
from members.revealing.api import RevealLimitViewSet, RevealViewSet
from members.segments.api import SegmentViewSet
from members.snapshots.api import SnapshotViewSet
from members.subject_files.api import SubjectFileViewSet
from members.tags.api import (
    MemberTagBatchViewSet,
    TagActViewSet,
    TagGroupViewSet,
    TagLimitsViewSet,
    TagViewSet,
)
from members.timeline.api import TimelineViewSet
from members.vehicle_models.api import VehicleModelViewSet
from members.vehicles.api import (
    OwnershipViewSet,
    ReadingViewSet,
    VehicleViewSet,
    VisitViewSet,
)

app_name = "members"
router = SimpleRouter()
router.register("consents", ConsentViewSet, basename="consents")
router.register("consent-texts", ConsentTextViewSet, basename="consent-texts")
router.register("duplicates", DuplicateViewSet, basename="duplicates")
router.register("identities", IdentityViewSet, basename="identities")
router.register("custom-fields", CustomFieldViewSet, basename="custom-fields")
router.register("erasures", ErasureViewSet, basename="erasures")
router.register("imports", ImportViewSet, basename="imports")
router.register("member-merges", MergeViewSet, basename="member-merges")
router.register("lifecycle", LifecycleViewSet, basename="lifecycle")
router.register("members", MemberViewSet, basename="members")
router.register("members/batch", MemberBatchViewSet, basename="members-batch")
router.register("member-tags/batch", MemberTagBatchViewSet, basename="member-tags-batch")
router.register("mileage-readings", ReadingViewSet, basename="mileage-readings")
router.register("orders/batch", OrderBatchViewSet, basename="orders-batch")
router.register("orders", OrderViewSet, basename="orders")
router.register("ownerships", OwnershipViewSet, basename="ownerships")
router.register("segments", SegmentViewSet, basename="segments")
router.register("service-visits", VisitViewSet, basename="service-visits")
router.register("segment-snapshots", SnapshotViewSet, basename="segment-snapshots")
router.register("stage-changes", StageChangeViewSet, basename="stage-changes")
router.register("subject-files", SubjectFileViewSet, basename="subject-files")
router.register("tag-acts", TagActViewSet, basename="tag-acts")
router.register("tag-groups", TagGroupViewSet, basename="tag-groups")
router.register("tags", TagViewSet, basename="tags")
router.register("vehicle-models", VehicleModelViewSet, basename="vehicle-models")
router.register("vehicles/batch", VehicleBatchViewSet, basename="vehicles-batch")
router.register("vehicles", VehicleViewSet, basename="vehicles")
limits = TagLimitsViewSet.as_view({"get": "retrieve", "patch": "partial_update"})
reveal = RevealViewSet.as_view({"post": "create"})
reveal_limit = RevealLimitViewSet.as_view({"get": "retrieve", "patch": "partial_update"})
grace = ErasurePolicyViewSet.as_view({"get": "retrieve", "patch": "partial_update"})
preview = DeletionPreviewViewSet.as_view({"get": "retrieve"})
timeline = TimelineViewSet.as_view({"get": "retrieve"})
urlpatterns = [
    path("tag-limits/", limits, name="tag-limits"),
    path("members/<int:pk>/reveal/", reveal, name="members-reveal"),
    path("members/<int:member_id>/deletion-preview/", preview, name="members-deletion-preview"),
    path("members/<int:member_id>/timeline/", timeline, name="members-timeline"),
    path("erasure-policy/", grace, name="erasure-policy"),
    path("reveal-limit/", reveal_limit, name="reveal-limit"),
    *router.urls,
]
