"""For Django's discovery only. Import a model from its concept."""

from events.calendar.models import Event
from events.points.models import PointsBalance, PointsEntry
from events.registrations.models import Registration

__all__ = ["Event", "PointsBalance", "PointsEntry", "Registration"]
