"""For Celery's discovery only. Import a task from its concept."""

from core.audit.tasks import anchor_head, check_chain
from core.exports.tasks import lapse_export_requests
from core.files.tasks import delete_expired_files
from core.idempotency.tasks import sweep_idempotency_keys
from core.kernel.tasks import check_invariants, for_each_brand
from core.retention.tasks import purge_due
from core.runs.tasks import work_runs
from core.sign_in.tasks import clear_expired_sessions

__all__ = [
    "anchor_head",
    "check_chain",
    "check_invariants",
    "clear_expired_sessions",
    "delete_expired_files",
    "for_each_brand",
    "lapse_export_requests",
    "purge_due",
    "sweep_idempotency_keys",
    "work_runs",
]
