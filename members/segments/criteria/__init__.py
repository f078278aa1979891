"""The fields that conditions can be about, as far as this app's lower concepts go.

Concepts above segments, and other apps, register theirs from ``AppConfig.ready`` in the same way.
"""

from members.segments.criteria.orders import ORDER_CRITERIA
from members.segments.criteria.others import OTHER_CRITERIA
from members.segments.criteria.profiles import PROFILE_CRITERIA
from members.segments.criteria.vehicles import VEHICLE_CRITERIA

BUILT_IN = (*PROFILE_CRITERIA, *VEHICLE_CRITERIA, *ORDER_CRITERIA, *OTHER_CRITERIA)

__all__ = ["BUILT_IN"]
