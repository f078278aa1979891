"""For Celery's discovery only. Import a task from its concept."""

from core.kernel.tasks import for_each_brand
from core.runs.tasks import work_runs

__all__ = ["for_each_brand", "work_runs"]
