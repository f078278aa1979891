from __future__ import annotations

from django.db import models

from core.kernel.scoping import BrandModel, BrandQuerySet
from members.profiles.models import Member


class SubjectFileQuerySet(BrandQuerySet["SubjectFile"]):
    dealer_field = "member__home_dealer_id"


class SubjectFile(BrandModel):
    """Everything about one member was asked for as a file; ``file_id`` is empty until it is there.

    ``is_whole`` has phones and VINs written out. Run and file are plain numbers: both go before
    the member does.
    """

    member = models.ForeignKey(
        Member, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    is_whole = models.BooleanField(default=False)
    run_id = models.BigIntegerField(null=True)
    file_id = models.BigIntegerField(null=True)
    requested_by_id = models.BigIntegerField(null=True)
    requested_by_label = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    objects = SubjectFileQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["brand", "member", "-id"], name="members_subjectfile_of_member")
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.created_at}"
