"""For Celery's discovery only. Import a task from its concept."""

from events.points.tasks import expire_points

__all__ = ["expire_points"]
