from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from communities.policies import rules
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


class Entry(models.TextChoices):
    """How members come into communities of a kind."""

    JOIN_CODE = rules.JOIN_CODE, _("With the join code, open to everybody")
    SEGMENT = rules.SEGMENT, _("By a tie to the brand: a segment, or every member")
    ORDERS = rules.ORDERS, _("By orders, or promoted by an operator")
    INVITATION = rules.INVITATION, _("By invitation after screening")


class Lifespan(models.TextChoices):
    """How long a community of a kind lives."""

    EVENT = rules.ENDS_WITH_EVENT, _("Ends with its event")
    LONG = rules.LONG, _("Long")
    REVIEWED = rules.REVIEWED, _("Long, reviewed each quarter")


class CommunityPolicy(BrandModel):
    """One version of a kind's rules. A change makes the next version; the newest one holds.

    ``quiet_from``/``quiet_until`` bound the hours in which marketing may be sent: from
    ``quiet_until`` to ``quiet_from``; both empty means at any hour. ``entry_orders`` in the last
    ``entry_days`` count where ``entry`` is by orders. ``closing_hours`` after the end that a
    community has, it closes. ``staff_most`` empty means no upper bound.
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
    entry = models.CharField(
        _("entry"),
        max_length=10,
        choices=Entry.choices,
        default=Entry.SEGMENT,
        db_default=Entry.SEGMENT.value,
    )
    entry_orders = models.PositiveSmallIntegerField(_("orders"), default=2, db_default=2)
    entry_days = models.PositiveSmallIntegerField(_("within days"), default=180, db_default=180)
    lifespan = models.CharField(
        _("lifespan"),
        max_length=8,
        choices=Lifespan.choices,
        default=Lifespan.LONG,
        db_default=Lifespan.LONG.value,
    )
    closing_hours = models.PositiveSmallIntegerField(
        _("hours until it closes"), default=rules.CLOSING_HOURS, db_default=rules.CLOSING_HOURS
    )
    staff_least = models.PositiveSmallIntegerField(_("staff at least"), default=1, db_default=1)
    staff_most = models.PositiveSmallIntegerField(_("staff at most"), null=True, blank=True)
    staff_role = models.CharField(
        _("who they are"), max_length=rules.STAFF_ROLE_LENGTH, blank=True, default="", db_default=""
    )
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
            models.CheckConstraint(
                condition=Q(entry_orders__gte=1, entry_days__gte=1),
                name="communities_policy_entry_sane",
            ),
            models.CheckConstraint(
                condition=Q(staff_most=None) | Q(staff_most__gte=models.F("staff_least")),
                name="communities_policy_staff_sane",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} v{self.policy_version}"

    @property
    def entry_rule(self) -> rules.EntryRule:
        """Who may enter, as plain values."""
        return rules.EntryRule(self.entry, self.entry_orders, self.entry_days)

    @property
    def ends_with_event(self) -> bool:
        """Whether its communities are made for one event and need its end."""
        return self.lifespan == Lifespan.EVENT

    @property
    def lifespan_words(self) -> str:
        """How long its communities live."""
        return rules.lifespan_words(self.lifespan, self.closing_hours)

    @property
    def staff_words(self) -> str:
        """How many of the staff a community wants, and who they are."""
        return rules.staff_words(self.staff_least, self.staff_most, self.staff_role)
