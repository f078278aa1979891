"""For Django's discovery only. Import a model from its concept."""

from members.duplicates.models import DuplicatePair
from members.identities.models import Identity
from members.imports.models import ImportJob, ImportProfile, ImportRejection
from members.merging.models import MemberMerge
from members.orders.models import Order
from members.privacy.models import Consent
from members.profiles.models import Member, MergedMember
from members.segments.models import Segment
from members.tags.models import MemberTag, Tag, TagBlock, TagGroup, TagRule
from members.vehicles.models import (
    MileageReading,
    Ownership,
    ServiceVisit,
    Vehicle,
    VehicleModel,
)

__all__ = [
    "Consent",
    "DuplicatePair",
    "Identity",
    "ImportJob",
    "ImportProfile",
    "ImportRejection",
    "Member",
    "MemberMerge",
    "MemberTag",
    "MergedMember",
    "MileageReading",
    "Order",
    "Ownership",
    "Segment",
    "ServiceVisit",
    "Tag",
    "TagBlock",
    "TagGroup",
    "TagRule",
    "Vehicle",
    "VehicleModel",
]
