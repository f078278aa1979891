from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.kernel.scoping import BrandDetail, BrandModel, BrandQuerySet
from members.profiles.models import Member


class Purpose(models.TextChoices):
    """What a member can agree to."""

    COMMUNITY = "community", _("Invitations to communities")
    MARKETING = "marketing", _("Marketing messages")


class ConsentText(BrandModel):
    """One version of what a brand asks members to agree to. It is never changed, only followed.

    ``needs_renewal`` says that who agreed to an earlier version should be asked again.
    """

    purpose = models.CharField(_("purpose"), max_length=12, choices=Purpose.choices)
    version = models.CharField(_("version"), max_length=16)
    body = models.TextField(_("text"), max_length=5000)
    effective_from = models.DateTimeField(_("in force from"))
    needs_renewal = models.BooleanField(_("earlier consents are to be renewed"), default=False)
    created_by_label = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    objects = BrandQuerySet["ConsentText"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "purpose", "version"], name="members_consenttext_one_per_version"
            ),
            models.UniqueConstraint(
                fields=["brand", "purpose", "effective_from"],
                name="members_consenttext_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.version}"


class ConsentQuerySet(BrandQuerySet["Consent"]):
    dealer_field = "member__home_dealer_id"


class Consent(BrandDetail):
    """A member's newest answer for one purpose; those before it are in ``PastConsent``."""

    Purpose = Purpose

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(
        Member, models.PROTECT, related_name="consents", db_constraint=False, db_index=False
    )
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    version = models.CharField(max_length=16)
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    evidence = models.CharField(max_length=160)
    withdrawn_evidence = models.CharField(max_length=160, blank=True, db_default="")

    objects = ConsentQuerySet.as_manager()

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
            # Who wants no marketing, asked for every batch of rooms that a broadcast reaches.
            models.Index(
                fields=["brand", "member"],
                condition=Q(purpose="marketing", withdrawn_at__isnull=False),
                name="members_consent_refused",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.purpose}"


class PastConsentQuerySet(BrandQuerySet["PastConsent"]):
    dealer_field = "member__home_dealer_id"


class PastConsent(BrandDetail):
    """An answer that a newer one took the place of, as it was."""

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(
        Member, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    version = models.CharField(max_length=16)
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    evidence = models.CharField(max_length=160)
    withdrawn_evidence = models.CharField(max_length=160, blank=True)

    objects = PastConsentQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["brand", "member", "-id"], name="members_pastconsent_of_member")
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.purpose} {self.version}"
