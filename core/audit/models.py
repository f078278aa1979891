from __future__ import annotations

from django.db import models

from core.kernel.scoping import BrandModel, BrandQuerySet


class AuditEntryQuerySet(BrandQuerySet["AuditEntry"]):
    dealer_field = "dealer_id"


class AuditEntry(BrandModel):
    """One state change, written in the same transaction as the change.

    ``data`` holds no personal values: ids, field names and counts. Actor and subject are plain
    numbers, because history must outlive what it tells of.
    """

    actor_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=80)
    action = models.CharField(max_length=80)
    subject_type = models.CharField(max_length=80)
    subject_id = models.BigIntegerField()
    dealer_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["brand", "-id"], name="core_audit_newest"),
            models.Index(
                fields=["brand", "subject_type", "subject_id", "-id"], name="core_audit_of_subject"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_type}:{self.subject_id}"
