from __future__ import annotations

from rest_framework.routers import SimpleRouter

from core.audit import api as audit
from core.exports import api as exports
from core.organizations import api as organizations
from core.runs import api as runs
from core.staff import api as staff

app_name = "core"
router = SimpleRouter()
router.register("cities", organizations.CityViewSet, "cities")
router.register("regions", organizations.RegionViewSet, "regions")
router.register("dealers", organizations.DealerViewSet, "dealers")
router.register("stores", organizations.StoreViewSet, "stores")
router.register("staff", staff.StaffViewSet, "staff")
router.register("runs", runs.RunViewSet, "runs")
router.register("exports", exports.ExportViewSet, "exports")
router.register("export-approvals", exports.ExportApprovalViewSet, "export-approvals")
router.register("audit", audit.AuditViewSet, "audit")
urlpatterns = router.urls
