from __future__ import annotations

from django.db import models

from core.kernel.scoping import BrandDetail, BrandModel, BrandQuerySet
from members.segments.models import Segment


class LiveSegment(BrandModel):
    """A segment whose members are kept up to date; deleting the row ends that.

    ``fingerprint`` is of the conditions that the kept members meet, with those of the segments
    they refer to; when it is another, everybody is looked at anew. ``since`` is the transaction
    that switched it on: those older than it may have changed members without leaving a mark, so
    that one more look is due when the last of them has ended; then ``is_settled``.
    """

    segment = models.OneToOneField(
        Segment, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    fingerprint = models.CharField(max_length=64, blank=True)
    member_count = models.BigIntegerField(default=0)
    since = models.BigIntegerField()
    is_settled = models.BooleanField(default=False)
    problem = models.CharField(max_length=300, blank=True)
    refreshed_at = models.DateTimeField(null=True)
    recomputed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    objects = BrandQuerySet["LiveSegment"].as_manager()

    def __str__(self) -> str:
        return f"live {self.segment_id}"


class LiveMember(BrandDetail):
    """Somebody is in a live segment. Plain numbers: the policy vouches for the brand."""

    pk = models.CompositePrimaryKey("brand_id", "segment_id", "member_id")
    segment_id = models.BigIntegerField()
    member_id = models.BigIntegerField()

    objects = BrandQuerySet["LiveMember"].as_manager()

    def __str__(self) -> str:
        return f"{self.segment_id} {self.member_id}"


class TouchedMember(BrandDetail):
    """Something that conditions read has changed about a member; written by triggers.

    A member may stand here many times. Brands without a live segment leave no rows.
    """

    id = models.BigAutoField(primary_key=True)
    member_id = models.BigIntegerField()
    at = models.DateTimeField()

    objects = BrandQuerySet["TouchedMember"].as_manager()

    class Meta:
        indexes = [models.Index(fields=["brand", "id"], name="members_touched_in_order")]

    def __str__(self) -> str:
        return f"{self.member_id} {self.at}"
