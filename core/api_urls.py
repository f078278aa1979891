from __future__ import annotations

from rest_framework.routers import SimpleRouter

from core.organizations import api as organizations

app_name = "core"
router = SimpleRouter()
router.register("cities", organizations.CityViewSet, "cities")
router.register("regions", organizations.RegionViewSet, "regions")
router.register("dealers", organizations.DealerViewSet, "dealers")
router.register("stores", organizations.StoreViewSet, "stores")
urlpatterns = router.urls
