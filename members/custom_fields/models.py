from __future__ import annotations

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.kernel.scoping import BrandDetail, BrandModel, BrandQuerySet
from members.profiles.models import Member


def _filled(only: str) -> Q:
    """Return that of the columns of a value this one is filled and no other."""
    return Q(**{f"{name}__isnull": name != only for name in ("text", "number", "day", "choice")})


class CustomField(BrandModel):
    """Something a brand asks of its members. ``key`` and ``kind`` never change.

    ``low`` and ``high`` bound a number, in the unit of ``rules.SCALE``. An archived field is asked
    for no more; its values stay, and so do the segments that name it.
    """

    class Kind(models.TextChoices):
        TEXT = "text", pgettext_lazy("kind of field", "Text")
        NUMBER = "number", pgettext_lazy("kind of field", "Number")
        DATE = "date", _("Date")
        CHOICE = "choice", _("One choice")
        CHOICES = "choices", _("Several choices")

    class DataClass(models.TextChoices):
        INTERNAL = "internal", _("Internal")
        PERSONAL = "personal", _("Personal")

    key = models.CharField(_("key"), max_length=40)
    label = models.CharField(_("name"), max_length=40)
    help = models.CharField(_("help"), max_length=200, blank=True)
    kind = models.CharField(_("kind"), max_length=7, choices=Kind.choices)
    position = models.PositiveIntegerField(default=0)
    is_required = models.BooleanField(_("required"), default=False)
    data_class = models.CharField(
        _("data class"), max_length=8, choices=DataClass.choices, default=DataClass.INTERNAL
    )
    max_length = models.PositiveIntegerField(_("longest text"), null=True)
    low = models.BigIntegerField(_("least"), null=True)
    high = models.BigIntegerField(_("most"), null=True)
    decimals = models.PositiveIntegerField(_("decimal places"), default=0)
    archived_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    objects = BrandQuerySet["CustomField"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "key"], name="members_customfield_one_per_key"
            ),
            models.UniqueConstraint(
                "brand", Lower("label"), name="members_customfield_one_per_label"
            ),
            models.CheckConstraint(
                condition=Q(key__regex=r"^[a-z][a-z0-9_]{0,39}$"),
                name="members_customfield_key_plain",
            ),
            models.CheckConstraint(
                condition=Q(low=None) | Q(high=None) | Q(low__lte=F("high")),
                name="members_customfield_low_below_high",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def is_archived(self) -> bool:
        """Whether it is asked for no more."""
        return self.archived_at is not None


class CustomChoice(BrandModel):
    """One of the answers to a field of choices. An archived one stays with who has it."""

    field = models.ForeignKey(
        CustomField, models.PROTECT, related_name="choices", db_constraint=False, db_index=False
    )
    label = models.CharField(_("name"), max_length=60)
    position = models.PositiveIntegerField(default=0)
    is_archived = models.BooleanField(default=False)

    objects = BrandQuerySet["CustomChoice"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "brand", "field", Lower("label"), name="members_customchoice_one_per_label"
            )
        ]

    def __str__(self) -> str:
        return self.label


class CustomValue(BrandDetail):
    """What is known of one member in one field; of several choices, one row for each.

    ``slot`` is 0, and the choice where there may be several: so the primary key keeps a field of
    one value to one row. A number is an integer in the unit of ``rules.SCALE``, since PostgreSQL
    lets comparisons of ``numeric`` reach no index behind a policy (docs/adr/0014).
    """

    pk = models.CompositePrimaryKey("brand_id", "member_id", "field_id", "slot")
    member = models.ForeignKey(
        Member, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    field = models.ForeignKey(
        CustomField, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    slot = models.BigIntegerField(default=0)
    text = models.TextField(null=True)  # noqa: DJ001  (one column of four is filled)
    number = models.BigIntegerField(null=True)
    day = models.DateField(null=True)
    choice = models.ForeignKey(
        CustomChoice,
        models.PROTECT,
        related_name="+",
        null=True,
        db_constraint=False,
        db_index=False,
    )

    objects = BrandQuerySet["CustomValue"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=_filled("text") | _filled("number") | _filled("day") | _filled("choice"),
                name="members_customvalue_one_filled",
            ),
            models.CheckConstraint(
                condition=Q(slot=0) | Q(choice__isnull=False, slot=F("choice")),
                name="members_customvalue_slot_is_choice",
            ),
        ]
        # Segments ask a field for a value and want the members: each index answers by itself.
        indexes = [
            models.Index(
                F("brand"),
                F("field"),
                OpClass(F("text"), name="text_pattern_ops"),
                F("member"),
                condition=Q(text__isnull=False),
                name="members_customvalue_by_text",
            ),
            models.Index(
                fields=["brand", "field", "number", "member"],
                condition=Q(number__isnull=False),
                name="members_customvalue_by_number",
            ),
            models.Index(
                fields=["brand", "field", "day", "member"],
                condition=Q(day__isnull=False),
                name="members_customvalue_by_day",
            ),
            models.Index(
                fields=["brand", "field", "choice", "member"],
                condition=Q(choice__isnull=False),
                name="members_customvalue_by_choice",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.field_id}"
