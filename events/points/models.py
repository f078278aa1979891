from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.kernel.scoping import BrandDetail, BrandQuerySet
from members.profiles.models import Member

MOST = 1_000_000_000  # that one entry moves


class Ledger(models.TextChoices):
    CONTRIBUTION = "contribution", pgettext_lazy("ledger", "Contribution")
    POINTS = "points", pgettext_lazy("ledger", "Points")


class Kind(models.TextChoices):
    EARN = "earn", pgettext_lazy("points", "Earned")
    SPEND = "spend", pgettext_lazy("points", "Spent")
    REVERSE = "reverse", pgettext_lazy("points", "Reversed")
    EXPIRE = "expire", pgettext_lazy("points", "Expired")
    ADJUST = "adjust", pgettext_lazy("points", "Adjusted")


class State(models.TextChoices):
    PENDING = "pending", pgettext_lazy("points", "Pending")
    CONFIRMED = "confirmed", pgettext_lazy("points", "Confirmed")
    CANCELLED = "cancelled", pgettext_lazy("points", "Cancelled")


class Side(models.TextChoices):
    """What an entry adds to or takes from; a reversal stands on the side of what it reverses."""

    EARNED = "earned", pgettext_lazy("points", "Earned")
    SPENT = "spent", pgettext_lazy("points", "Spent")
    OTHER = "other", pgettext_lazy("points", "Other")


class PointsQuerySet(BrandQuerySet["PointsEntry"]):
    dealer_field = "member__home_dealer_id"


class PointsEntry(BrandDetail):
    """One movement of one member's points. What it says never changes; the database refuses.

    A deletion alone may take somebody out of its reason.

    ``source`` and ``source_id`` name it in the system it came from, once for all. Only what is
    confirmed counts; an earning may be pending first, and then becomes confirmed or cancelled
    once. ``reverses_id`` is the entry that a reversal takes back, or the earning that expired, in
    whole or in part. ``lapsed_at`` says that the end of an earning has been looked at, so that it
    is not again. ``of_merged`` is the number of whoever it happened to, where they became part of
    the member since.
    """

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(
        Member, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    ledger = models.CharField(_("ledger"), max_length=12, choices=Ledger.choices)
    kind = models.CharField(_("kind"), max_length=7, choices=Kind.choices)
    side = models.CharField(max_length=6, choices=Side.choices)
    amount = models.BigIntegerField(_("amount"))
    state = models.CharField(_("state"), max_length=9, choices=State.choices)
    settled_at = models.DateTimeField(null=True)
    source = models.CharField(_("source"), max_length=40)
    source_id = models.CharField(_("number there"), max_length=100)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    occurred_at = models.DateTimeField(_("occurred"))
    expires_at = models.DateTimeField(_("expires"), null=True)
    lapsed_at = models.DateTimeField(null=True)
    reverses_id = models.BigIntegerField(null=True)
    of_merged = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    created_by_label = models.CharField(_("by"), max_length=120)

    objects = PointsQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "source", "source_id"], name="events_points_one_per_source"
            ),
            models.CheckConstraint(
                condition=~Q(amount=0) & Q(amount__gte=-MOST, amount__lte=MOST),
                name="events_points_amount_in_range",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[Kind.REVERSE, Kind.ADJUST])
                | Q(kind=Kind.EARN, amount__gt=0)
                | Q(kind__in=[Kind.SPEND, Kind.EXPIRE], amount__lt=0),
                name="events_points_sign_of_kind",
            ),
            models.CheckConstraint(
                condition=Q(ledger=Ledger.POINTS)
                | (~Q(kind__in=[Kind.SPEND, Kind.EXPIRE]) & Q(expires_at=None)),
                name="events_points_contribution_is_kept",
            ),
            models.CheckConstraint(
                condition=Q(kind=Kind.EARN, side=Side.EARNED)
                | Q(kind=Kind.SPEND, side=Side.SPENT)
                | Q(kind__in=[Kind.ADJUST, Kind.EXPIRE], side=Side.OTHER)
                | Q(kind=Kind.REVERSE),
                name="events_points_side_of_kind",
            ),
            models.CheckConstraint(
                condition=Q(state=State.PENDING, kind=Kind.EARN, settled_at=None)
                | (~Q(state=State.PENDING) & Q(settled_at__isnull=False)),
                name="events_points_settled_iff_decided",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[Kind.REVERSE, Kind.EXPIRE], reverses_id__isnull=False)
                | (~Q(kind__in=[Kind.REVERSE, Kind.EXPIRE]) & Q(reverses_id=None)),
                name="events_points_names_what_it_reverses",
            ),
            models.CheckConstraint(
                condition=Q(expires_at=None)
                | Q(
                    kind__in=[Kind.EARN, Kind.ADJUST], amount__gt=0, expires_at__gt=F("occurred_at")
                ),
                name="events_points_only_gains_expire",
            ),
        ]
        indexes = [
            # A member's timeline, page and lots; also one member's rows for any condition.
            models.Index(
                fields=["brand", "member", "-occurred_at", "-id"], name="events_points_of_member"
            ),
            # The brand's list, the newest first.
            models.Index(fields=["brand", "-id"], name="events_points_newest"),
            # The same of one kind, such as what was adjusted, and what waits to be confirmed.
            models.Index(fields=["brand", "kind", "-id"], name="events_points_of_kind"),
            models.Index(
                fields=["brand", "-id"],
                condition=Q(state=State.PENDING),
                name="events_points_waiting",
            ),
            # Sums and last earnings of a window, grouped by member: the criteria of segments.
            models.Index(
                fields=["brand", "ledger", "side", "occurred_at", "member"],
                include=["amount"],
                condition=Q(state=State.CONFIRMED),
                name="events_points_in_window",
            ),
            # Earnings whose end nobody has looked at yet: the work of the expiry.
            models.Index(
                fields=["brand", "expires_at", "id"],
                condition=Q(expires_at__isnull=False, lapsed_at=None, state=State.CONFIRMED),
                name="events_points_expiring",
            ),
            # How much of an entry is taken back already.
            models.Index(
                fields=["brand", "reverses_id"],
                condition=Q(reverses_id__isnull=False),
                name="events_points_reversals",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.ledger} {self.amount:+d}"


class BalanceQuerySet(BrandQuerySet["PointsBalance"]):
    dealer_field = "member__home_dealer_id"


class PointsBalance(BrandDetail):
    """What a member has in one ledger: the sums of their entries, kept by the entries' trigger.

    Nobody else may write them. ``balance`` sums what is confirmed and is never below zero;
    ``pending`` is earned but not confirmed. ``earned`` and ``spent`` are what is left of either
    after reversals; ``expired`` is what ran out.
    """

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(
        Member, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    ledger = models.CharField(_("ledger"), max_length=12, choices=Ledger.choices)
    balance = models.BigIntegerField(_("balance"), default=0, db_default=0)
    pending = models.BigIntegerField(default=0, db_default=0)
    earned = models.BigIntegerField(default=0, db_default=0)
    spent = models.BigIntegerField(default=0, db_default=0)
    expired = models.BigIntegerField(default=0, db_default=0)

    objects = BalanceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "member", "ledger"], name="events_pointsbalance_one_per_ledger"
            ),
            models.CheckConstraint(
                condition=Q(balance__gte=0), name="events_pointsbalance_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(ledger=Ledger.POINTS) | Q(spent=0, expired=0),
                name="events_pointsbalance_contribution_is_kept",
            ),
        ]
        indexes = [
            # Who has at least so much: the criteria of segments.
            models.Index(
                fields=["brand", "ledger", "balance", "member"], name="events_points_by_balance"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.ledger}: {self.balance}"
