"""For Celery's discovery only. Import a task from its concept."""

from members.tags.tasks import count_tags, remove_expired_tags

__all__ = ["count_tags", "remove_expired_tags"]
