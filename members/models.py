"""For Django's discovery only. Import a model from its concept."""

from members.custom_fields.models import CustomChoice, CustomField, CustomValue
from members.duplicates.models import DuplicatePair
from members.erasure.models import Erasure, ErasurePolicy
from members.identities.models import Identity
from members.imports.models import ImportJob, ImportProfile, ImportRejection
from members.lifecycle.models import StageChange, StagePolicy
from members.live.models import LiveMember, LiveSegment, TouchedMember
from members.merging.models import MemberMerge
from members.orders.models import Order, OrderCategory
from members.privacy.models import Consent, ConsentText, PastConsent
from members.profiles.models import Member, MergedMember
from members.revealing.models import Reveal, RevealLimit, RevealTally
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
from members.vehicles.models import (
    MileageReading,
    Ownership,
    ServiceVisit,
    Vehicle,
    VehicleModel,
)

__all__ = [
    "Consent",
    "ConsentText",
    "CustomChoice",
    "CustomField",
    "CustomValue",
    "DuplicatePair",
    "Erasure",
    "ErasurePolicy",
    "Identity",
    "ImportJob",
    "ImportProfile",
    "ImportRejection",
    "LiveMember",
    "LiveSegment",
    "Member",
    "MemberMerge",
    "MemberTag",
    "MergedMember",
    "MileageReading",
    "Order",
    "OrderCategory",
    "Ownership",
    "PastConsent",
    "Reveal",
    "RevealLimit",
    "RevealTally",
    "Segment",
    "ServiceVisit",
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
