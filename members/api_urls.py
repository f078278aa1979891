from __future__ import annotations

from rest_framework.routers import SimpleRouter

from members.members.api import MemberViewSet
from members.segments.api import SegmentViewSet
from members.tags.api import TagGroupViewSet, TagViewSet

app_name = "members"
router = SimpleRouter()
router.register("members", MemberViewSet, basename="members")
router.register("segments", SegmentViewSet, basename="segments")
router.register("tags", TagViewSet, basename="tags")
router.register("tag-groups", TagGroupViewSet, basename="tag-groups")
urlpatterns = router.urls
