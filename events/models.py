"""For Django's discovery only. Import a model from its concept."""

from events.points.models import PointsBalance, PointsEntry

__all__ = ["PointsBalance", "PointsEntry"]
