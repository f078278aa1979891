from __future__ import annotations

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.kernel.scoping import BrandDetail, BrandModel, BrandQuerySet
from members.profiles.models import Member


class RevealQuerySet(BrandQuerySet["Reveal"]):
    dealer_field = "member__home_dealer_id"


class Reveal(BrandDetail):
    """Somebody saw a whole value of a member, and said why. The value itself is not kept.

    ``of_id`` is the car or identity where the member has several. ``note`` is what the person
    wrote; it may name somebody, so it goes with the member and is not in the audit trail.
    """

    class Field(models.TextChoices):
        PHONE = "phone", _("phone number")
        VIN = "vin", _("VIN")
        IDENTITY = "identity", _("name in another system")

    class Reason(models.TextChoices):
        CALL = "call", _("To call the person back")
        SERVICE = "service", _("Service or repair")
        COMPLAINT = "complaint", _("Complaint")
        VERIFY = "verify", _("To check who it is")
        AUTHORITY = "authority", _("Request of an authority")
        OTHER = "other", _("Something else")

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(
        Member, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    field = models.CharField(max_length=8, choices=Field.choices)
    of_id = models.BigIntegerField(null=True)
    reason = models.CharField(_("reason"), max_length=9, choices=Reason.choices)
    note = models.CharField(max_length=200)
    actor_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=80)
    at = models.DateTimeField()

    objects = RevealQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["brand", "-id"], name="members_reveal_newest"),
            models.Index(fields=["brand", "member"], name="members_reveal_of_member"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.field}"


class RevealTally(BrandDetail):
    """How many values a person, or a program, has revealed on a day of the brand's time zone.

    One statement counts and keeps to the cap, so that nobody passes it by asking twice at once.
    """

    pk = models.CompositePrimaryKey("brand_id", "who", "day")
    who = models.CharField(max_length=24)
    day = models.DateField()
    used = models.PositiveIntegerField()

    objects = BrandQuerySet["RevealTally"].as_manager()

    def __str__(self) -> str:
        return f"{self.who} {self.day} {self.used}"


class RevealLimit(BrandModel):
    """How many values a person of the brand may reveal a day. Without a row, the default."""

    USUAL, MOST = 50, 10_000

    per_day = models.PositiveIntegerField(
        _("reveals per person and day"), default=USUAL, validators=[MaxValueValidator(MOST)]
    )

    objects = BrandQuerySet["RevealLimit"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["brand"], name="members_reveallimit_one")]

    def __str__(self) -> str:
        return f"{self.per_day} a day in brand {self.brand_id}"
