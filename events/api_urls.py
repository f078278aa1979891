from __future__ import annotations

from rest_framework.routers import SimpleRouter

app_name = "events"
router = SimpleRouter()
urlpatterns = [*router.urls]
