from __future__ import annotations

from rest_framework.routers import SimpleRouter

from events.points.api import BalanceViewSet, EntryBatchViewSet, EntryViewSet

app_name = "events"
router = SimpleRouter()
router.register("points/balances", BalanceViewSet, basename="points-balances")
router.register("points/entries/batch", EntryBatchViewSet, basename="points-entries-batch")
router.register("points/entries", EntryViewSet, basename="points-entries")
urlpatterns = [*router.urls]
