from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from communities.policies.models import Kind
from core.kernel.scoping import BrandModel, BrandQuerySet
from core.organizations.models import City, Dealer


class CommunityQuerySet(BrandQuerySet["Community"]):
    dealer_field = "dealer_id"


class Community(BrandModel):
    """A logical group with one or more rooms.

    ``group_key`` is what a build rule groups by, such as ``dealer=12|city=3301``: one community
    per rule and key. ``ends_at`` is when what it was made for is over; so many hours later as its
    kind's policy says it is closing.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        ACTIVE = "active", _("Active")
        CLOSING = "closing", _("Closing")
        ARCHIVED = "archived", _("Archived")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=120)
    topic = models.CharField(_("topic"), max_length=40, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    dealer = models.ForeignKey(
        Dealer,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
    )
    city = models.ForeignKey(
        City, models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    build_rule_id = models.BigIntegerField(null=True)
    group_key = models.CharField(max_length=160, blank=True)
    room_name_template = models.CharField(max_length=120)
    room_cap = models.PositiveIntegerField(_("members per room"))
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = CommunityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "communities"
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "build_rule_id", "group_key"],
                condition=models.Q(build_rule_id__isnull=False) & ~models.Q(state="archived"),
                name="communities_community_one_per_group",
            ),
        ]
        indexes = [
            models.Index(fields=["brand", "kind", "-id"], name="communities_by_kind"),
            models.Index(fields=["brand", "dealer", "-id"], name="communities_by_dealer"),
            models.Index(fields=["brand", "name"], name="communities_by_name"),
            # Whose end has come; the sweep asks every few minutes.
            models.Index(
                fields=["brand", "ends_at"],
                condition=models.Q(ends_at__isnull=False, state__in=["draft", "active"]),
                name="communities_ending",
            ),
        ]

    def __str__(self) -> str:
        return self.name
