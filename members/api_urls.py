"""The REST routes of members."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from members.duplicates.api import DuplicateViewSet
from members.identities.api import IdentityViewSet
from members.imports.api import ImportViewSet
from members.members.api import MemberViewSet
from members.merging.api import MergeViewSet
from members.orders.api import OrderViewSet
from members.segments.api import SegmentViewSet
from members.tags.api import TagGroupViewSet, TagViewSet
from members.vehicles.api import (
    OwnershipViewSet,
    ReadingViewSet,
    VehicleViewSet,
    VisitViewSet,
)

app_name = "members"
router = SimpleRouter()
router.register("duplicates", DuplicateViewSet, basename="duplicates")
router.register("identities", IdentityViewSet, basename="identities")
router.register("imports", ImportViewSet, basename="imports")
router.register("member-merges", MergeViewSet, basename="member-merges")
router.register("members", MemberViewSet, basename="members")
router.register("mileage-readings", ReadingViewSet, basename="mileage-readings")
router.register("orders", OrderViewSet, basename="orders")
router.register("ownerships", OwnershipViewSet, basename="ownerships")
router.register("segments", SegmentViewSet, basename="segments")
router.register("service-visits", VisitViewSet, basename="service-visits")
router.register("tag-groups", TagGroupViewSet, basename="tag-groups")
router.register("tags", TagViewSet, basename="tags")
router.register("vehicles", VehicleViewSet, basename="vehicles")
urlpatterns = router.urls
