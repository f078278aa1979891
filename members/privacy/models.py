from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.kernel.scoping import BrandDetail, BrandQuerySet
from members.profiles.models import Member


class Consent(BrandDetail):
    """What a member agreed to, for one purpose. The newest answer; history is in the audit."""

    class Purpose(models.TextChoices):
        COMMUNITY = "community", _("Invitations to communities")
        MARKETING = "marketing", _("Marketing messages")

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(
        Member, models.PROTECT, related_name="consents", db_constraint=False, db_index=False
    )
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    version = models.CharField(max_length=16)
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    evidence = models.CharField(max_length=160)

    objects = BrandQuerySet["Consent"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "member", "purpose"], name="members_consent_one_per_purpose"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(withdrawn_at__gte=models.F("given_at")),
                name="members_consent_withdrawn_after_given",
            ),
        ]
        indexes = [
            # Who may be invited, asked for every person that a build run seats.
            models.Index(
                fields=["brand", "member"],
                condition=Q(purpose="community", withdrawn_at=None),
                name="members_consent_invitable",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.purpose}"
