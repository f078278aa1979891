"""For Celery's discovery only. Import a task from its concept."""

from communities.broadcasts.tasks import deliver_due, reconcile_unknown

__all__ = ["deliver_due", "reconcile_unknown"]
