from __future__ import annotations

from rest_framework.routers import SimpleRouter

from members.imports import api as imports
from members.orders import api as orders

app_name = "members"
router = SimpleRouter()
router.register("imports", imports.ImportViewSet, "imports")
router.register("orders", orders.OrderViewSet, "orders")
urlpatterns = router.urls
