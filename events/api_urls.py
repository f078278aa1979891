from __future__ import annotations

from rest_framework.routers import SimpleRouter

from events.calendar.api import EventBatchViewSet, EventViewSet
from events.points.api import BalanceViewSet, EntryBatchViewSet, EntryViewSet
from events.registrations.api import RegistrationBatchViewSet, RegistrationViewSet

app_name = "events"
router = SimpleRouter()
# Batches first: their addresses must not be taken for a number.
router.register("events/batch", EventBatchViewSet, basename="events-batch")
router.register("events", EventViewSet, basename="events")
router.register("registrations/batch", RegistrationBatchViewSet, basename="registrations-batch")
router.register("registrations", RegistrationViewSet, basename="registrations")
router.register("points/balances", BalanceViewSet, basename="points-balances")
router.register("points/entries/batch", EntryBatchViewSet, basename="points-entries-batch")
router.register("points/entries", EntryViewSet, basename="points-entries")
urlpatterns = [*router.urls]
