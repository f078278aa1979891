from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.kernel.scoping import BrandDetail, BrandModel, BrandQuerySet
from core.organizations.models import City, Dealer


class Stage(models.TextChoices):
    """Lifecycle stages; product.md §3."""

    PROSPECT = "prospect", _("Prospect")
    INTRODUCTION = "introduction", _("Introduction")
    GROWTH = "growth", _("Growth")
    MATURE = "mature", _("Mature")
    DORMANT = "dormant", _("Dormant")
    LOST = "lost", _("Lost")


class MemberQuerySet(BrandQuerySet["Member"]):
    dealer_field = "home_dealer_id"


class Member(BrandModel):
    """A car owner or prospect known to one brand.

    The phone is encrypted (``core.kernel.crypto``), found by ``phone_hash`` over its E.164 form,
    and shown as ``phone_masked``. ``customer_no`` is the brand's own customer number.
    """

    class Source(models.TextChoices):
        IMPORT = "import", _("Import")
        APP = "app", _("App")
        WECOM = "wecom", _("WeCom")
        DEALER = "dealer", _("Dealer")
        MANUAL = "manual", _("By hand")
        DEMO = "demo", _("Demo data")

    class Gender(models.TextChoices):
        UNKNOWN = "", _("unknown")
        FEMALE = "f", _("female")
        MALE = "m", _("male")

    display_name = models.CharField(_("name"), max_length=80)
    customer_no = models.CharField(_("customer number"), max_length=64, null=True, blank=True)  # noqa: DJ001  (unique where present)
    phone_cipher = models.BinaryField(null=True)
    phone_hash = models.BinaryField(max_length=16, null=True)
    phone_masked = models.CharField(_("phone"), max_length=20, blank=True)
    phone_tail = models.CharField(max_length=4, blank=True)
    gender = models.CharField(_("gender"), max_length=1, choices=Gender.choices, blank=True)
    city = models.ForeignKey(
        City, models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    home_dealer = models.ForeignKey(
        Dealer,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
    )
    stage = models.CharField(
        _("stage"), max_length=12, choices=Stage.choices, default=Stage.PROSPECT
    )
    stage_since = models.DateField(null=True)
    # Taken in together with a stage that somebody named, rather than with the one of a beginner.
    is_stage_told = models.BooleanField(default=False, db_default=False)
    source = models.CharField(_("source"), max_length=8, choices=Source.choices)
    joined_on = models.DateField(_("member since"), null=True)
    last_active_at = models.DateTimeField(_("last active"), null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    objects = MemberQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "phone_hash"],
                condition=Q(phone_hash__isnull=False),
                name="members_member_one_per_phone",
            ),
            models.UniqueConstraint(
                fields=["brand", "customer_no"],
                condition=Q(customer_no__isnull=False),
                name="members_member_one_per_customer_no",
            ),
            models.CheckConstraint(
                condition=Q(phone_cipher=None, phone_hash=None)
                | Q(phone_cipher__isnull=False, phone_hash__isnull=False),
                name="members_member_phone_whole",
            ),
        ]
        indexes = [
            # The list, newest first, of one dealer, city or stage; the tie index serves the brand.
            # Segments find out place, dealer and stage from any of them without the table.
            models.Index(
                fields=["brand", "home_dealer", "-id"],
                include=["stage", "city"],
                name="members_member_by_dealer",
            ),
            models.Index(
                fields=["brand", "city", "-id"],
                include=["stage", "home_dealer"],
                name="members_member_by_city",
            ),
            models.Index(
                fields=["brand", "stage", "-id"],
                include=["city", "home_dealer"],
                name="members_member_by_stage",
            ),
            # display_name__prefix. pattern_ops, since the database need not sort by byte.
            models.Index(
                fields=["brand", "display_name"],
                opclasses=["int8_ops", "varchar_pattern_ops"],
                name="members_member_by_name",
            ),
            models.Index(
                fields=["brand", "phone_tail"],
                condition=~Q(phone_tail=""),
                name="members_member_by_phone_tail",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name


class MergedMember(BrandDetail):
    """Whom the number of a member leads to who was merged into another. One row per merge.

    The merged member has no row among members any more; the merge keeps it. Files, orders and
    staff may go on naming them by the phone or customer number that the other one did not take.
    """

    id = models.BigIntegerField(primary_key=True)  # the merged member's own
    winner = models.ForeignKey(
        Member, models.PROTECT, related_name="merged", db_constraint=False, db_index=False
    )
    merge_id = models.BigIntegerField()
    phone_hash = models.BinaryField(max_length=16, null=True)
    customer_no = models.CharField(max_length=64, null=True)  # noqa: DJ001  (as of a member)

    objects = BrandQuerySet["MergedMember"].as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["brand", "winner"], name="members_merged_into"),
            models.Index(
                fields=["brand", "phone_hash"],
                condition=Q(phone_hash__isnull=False),
                name="members_merged_by_phone",
            ),
            models.Index(
                fields=["brand", "customer_no"],
                condition=Q(customer_no__isnull=False),
                name="members_merged_by_number",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} is {self.winner_id}"
