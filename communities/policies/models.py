from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.kernel.scoping import BrandModel, BrandQuerySet


class Kind(models.TextChoices):
    """The four kinds are four policies, not four labels; product.md §4.1."""

    FLASH = "flash", _("Flash")
    SERVICE = "service", _("Service")
    CONVERSION = "conversion", _("Conversion")
    CORE = "core", _("Core")


class Window(models.TextChoices):
    """The calendar window that marketing messages are counted in, in the brand's time zone."""

    DAY = "day", _("day")
    WEEK = "week", _("week")
    MONTH = "month", _("month")


class CommunityPolicy(BrandModel):
    """One version of a kind's rules. A change makes the next version; the newest one holds.

    ``quiet_from``/``quiet_until`` bound the hours in which marketing may be sent: from
    ``quiet_until`` to ``quiet_from``; both empty means at any hour.
    """

    kind = models.CharField(max_length=10, choices=Kind.choices)
    policy_version = models.PositiveIntegerField(default=1)
    is_current = models.BooleanField(default=True)
    room_cap = models.PositiveIntegerField(_("members per room"))
    name_template = models.CharField(_("name template"), max_length=120)
    marketing_limit = models.PositiveIntegerField(_("marketing messages"))
    marketing_window = models.CharField(max_length=5, choices=Window.choices)
    marketing_gap_minutes = models.PositiveIntegerField(_("minutes between"), default=0)
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    alert_percent = models.PositiveSmallIntegerField(_("soft alert at"), default=80)
    created_by_label = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    objects = BrandQuerySet["CommunityPolicy"].as_manager()

    class Meta:
        verbose_name_plural = "community policies"
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "kind", "policy_version"],
                name="communities_policy_one_per_version",
            ),
            models.UniqueConstraint(
                fields=["brand", "kind"],
                condition=Q(is_current=True),
                name="communities_policy_one_current",
            ),
            models.CheckConstraint(
                condition=Q(room_cap__gte=2, room_cap__lte=2000),
                name="communities_policy_cap_sane",
            ),
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="communities_policy_quiet_hours_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} v{self.policy_version}"
