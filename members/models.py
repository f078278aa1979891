"""For Django's discovery only. Import a model from its concept."""

from members.erasure.models import Erasure, ErasurePolicy
from members.identities.models import Identity
from members.imports.models import ImportJob, ImportProfile, ImportRejection
from members.lifecycle.models import StageChange, StagePolicy
from members.live.models import LiveMember, LiveSegment, TouchedMember
from members.orders.models import Order
from members.privacy.models import Consent
from members.profiles.models import Member
from members.segments.models import Segment
from members.snapshots.models import Snapshot, SnapshotBatch
from members.subject_files.models import SubjectFile
from members.tags.models import (
    MemberTag,
    Tag,
    TagAct,
    TagBlock,
    TagChange,
    TagChangeBatch,
    TagGroup,
    TagLimits,
    TagRule,
)
from members.vehicles.models import Ownership, Vehicle, VehicleModel

__all__ = [
    "Consent",
    "Erasure",
    "ErasurePolicy",
    "Identity",
    "ImportJob",
    "ImportProfile",
    "ImportRejection",
    "LiveMember",
    "LiveSegment",
    "Member",
    "MemberTag",
    "Order",
    "Ownership",
    "Segment",
    "Snapshot",
    "SnapshotBatch",
    "StageChange",
    "StagePolicy",
    "SubjectFile",
    "Tag",
    "TagAct",
    "TagBlock",
    "TagChange",
    "TagChangeBatch",
    "TagGroup",
    "TagLimits",
    "TagRule",
    "TouchedMember",
    "Vehicle",
    "VehicleModel",
]
