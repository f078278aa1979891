"""For Django's discovery only. Import a model from its concept."""

from communities.broadcasts.models import Broadcast, Delivery
from communities.chat.models import RoomMessage
from communities.communities.models import Community
from communities.group_building.models import BuildGroup, BuildRule, BuildRun, CandidateBatch
from communities.memberships.models import Membership
from communities.policies.models import CommunityPolicy
from communities.rooms.models import Room

__all__ = [
    "Broadcast",
    "BuildGroup",
    "BuildRule",
    "BuildRun",
    "CandidateBatch",
    "Community",
    "CommunityPolicy",
    "Delivery",
    "Membership",
    "Room",
    "RoomMessage",
]
