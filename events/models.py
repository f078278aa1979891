"""For Django's discovery only. Import a model from its concept."""

from events.calendar.models import Event
from events.registrations.models import Registration

__all__ = ["Event", "Registration"]
