from __future__ import annotations

from django.db import models

from core.kernel.scoping import BrandDetail, BrandModel, BrandQuerySet


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
            # A timeline merges entries with other things by their moment.
            models.Index(
                fields=["brand", "subject_type", "subject_id", "-created_at", "-id"],
                name="core_audit_of_subject_in_time",
            ),
            models.Index(fields=["brand", "actor_id", "-id"], name="core_audit_of_actor"),
            models.Index(fields=["brand", "action", "-id"], name="core_audit_of_action"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_type}:{self.subject_id}"


class AuditChain(BrandDetail):
    """The newest link of a brand's chain. Moved by a trigger as transactions commit, never by us.

    Plain columns, no foreign keys: the commit holds this row's lock and should do nothing else.
    """

    id = models.BigAutoField(primary_key=True)
    seq = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)

    objects = BrandQuerySet["AuditChain"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["brand"], name="core_auditchain_one")]

    def __str__(self) -> str:
        return f"#{self.seq}"


class AuditLink(BrandDetail):
    """Binds one entry to all before it, in the order in which they committed.

    ``hash`` = sha256(``prev_hash`` ‖ text of the entry with ``seq``); see migration 0008.
    """

    id = models.BigAutoField(primary_key=True)
    seq = models.BigIntegerField()
    entry_id = models.BigIntegerField()
    prev_hash = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    objects = BrandQuerySet["AuditLink"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["brand", "seq"], name="core_auditlink_one_per_seq"),
            models.UniqueConstraint(
                fields=["brand", "entry_id"], name="core_auditlink_one_per_entry"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.seq}"


class AuditCheckQuerySet(BrandQuerySet["AuditCheck"]):
    is_brand_wide = True


class AuditCheck(BrandModel):
    """One verification of the chain: up to which link, and what was wrong."""

    checked_at = models.DateTimeField()
    seq = models.BigIntegerField()
    anchored_seq = models.BigIntegerField(default=0)
    faults = models.JSONField(default=list)

    objects = AuditCheckQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["brand", "-id"], name="core_auditcheck_newest")]

    def __str__(self) -> str:
        return f"#{self.seq} {'broken' if self.faults else 'whole'}"
