from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from core.kernel.scoping import BrandDetail, BrandModel, BrandQuerySet
from core.runs.models import Run
from members.segments.models import Segment


class SnapshotQuerySet(BrandQuerySet["Snapshot"]):
    is_brand_wide = True


class Snapshot(BrandModel):
    """Who was in a segment at a moment, with the conditions as they were.

    ``number`` counts within the segment. ``taken_at`` is empty until a worker has taken it.
    ``plus_count`` and ``minus_count`` say who joined and left since ``previous_id``, the newest
    taken before; all are empty for the first. Seen by those who see the whole brand.
    """

    segment = models.ForeignKey(
        Segment, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    number = models.PositiveIntegerField()
    tree = models.JSONField()
    run = models.OneToOneField(
        Run, models.PROTECT, related_name="+", null=True, db_constraint=False
    )
    member_count = models.BigIntegerField(null=True)
    previous_id = models.BigIntegerField(null=True)
    plus_count = models.BigIntegerField(null=True)
    minus_count = models.BigIntegerField(null=True)
    taken_at = models.DateTimeField(null=True)
    created_by_id = models.BigIntegerField(null=True)
    created_by_label = models.CharField(max_length=150)
    created_at = models.DateTimeField()

    objects = SnapshotQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "segment", "number"], name="members_snapshot_one_per_number"
            ),
            # One at a time: a second click waits for nothing new.
            models.UniqueConstraint(
                fields=["brand", "segment"],
                condition=models.Q(taken_at=None),
                name="members_snapshot_one_being_taken",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.segment_id} #{self.number}"

    @property
    def is_being_taken(self) -> bool:
        """Whether a worker is at it or will be; not once its run has ended without it."""
        return self.taken_at is None and self.run is not None and self.run.is_open


class SnapshotBatchQuerySet(BrandQuerySet["SnapshotBatch"]):
    is_brand_wide = True


class SnapshotBatch(BrandDetail):
    """The members of a snapshot whose ids divided by ``SIZE`` are ``bucket``; their ids ascend.

    The same bucket of two snapshots holds the same stretch of ids, so that a difference is worked
    out bucket by bucket, and those that are alike cost one comparison. Members are plain numbers:
    the policy vouches for the brand.
    """

    SIZE = 8192

    pk = models.CompositePrimaryKey("brand_id", "snapshot_id", "bucket")
    snapshot = models.ForeignKey(
        Snapshot, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    bucket = models.BigIntegerField()
    people = models.IntegerField()  # how many; counting them would unpack the list
    member_ids = ArrayField(models.BigIntegerField())

    objects = SnapshotBatchQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.snapshot_id} {self.bucket}"
