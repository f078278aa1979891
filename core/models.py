"""For Django's discovery only. Import a model from its concept."""

from core.api_keys.models import ApiKey
from core.audit.models import AuditChain, AuditCheck, AuditEntry, AuditLink
from core.exports.models import ExportRequest
from core.files.models import StoredFile
from core.idempotency.models import IdempotencyKey
from core.organizations.models import Brand, City, Dealer, Region, Store
from core.runs.models import Run
from core.saved_views.models import SavedView
from core.staff.models import RoleGrant, Staff, StaffSession

__all__ = [
    "ApiKey",
    "AuditChain",
    "AuditCheck",
    "AuditEntry",
    "AuditLink",
    "Brand",
    "City",
    "Dealer",
    "ExportRequest",
    "IdempotencyKey",
    "Region",
    "RoleGrant",
    "Run",
    "SavedView",
    "Staff",
    "StaffSession",
    "Store",
    "StoredFile",
]
