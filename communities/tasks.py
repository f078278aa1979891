"""For Celery's discovery only. Import a task from its concept."""

from communities.broadcasts.tasks import deliver_due, reconcile_unknown
from communities.communities.tasks import close_ended

__all__ = ["close_ended", "deliver_due", "reconcile_unknown"]
