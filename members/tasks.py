"""For Celery's discovery only. Import a task from its concept."""

from members.duplicates.tasks import find_nightly
from members.erasure.tasks import start_due_erasures
from members.lifecycle.tasks import move_nightly
from members.live.tasks import recompute_live_segments, refresh_live_segments
from members.tags.tasks import apply_active_rules, count_tags, remove_expired_tags

__all__ = [
    "apply_active_rules",
    "count_tags",
    "find_nightly",
    "move_nightly",
    "recompute_live_segments",
    "refresh_live_segments",
    "remove_expired_tags",
    "start_due_erasures",
]
