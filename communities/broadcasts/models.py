from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from communities.rooms.models import Room
from core.kernel.scoping import BrandModel, BrandQuerySet
from core.organizations.models import Dealer
from core.work.models import WorkQuerySet, WorkRow


class BroadcastQuerySet(BrandQuerySet["Broadcast"]):
    dealer_field = "dealer_id"


class Broadcast(BrandModel):
    """One message to the rooms of an audience.

    ``audience`` holds ``kinds``, ``community_ids``, ``dealer_ids`` and ``city_codes``; each one
    given narrows. ``excluded`` lists the rooms left out when it was confirmed, by reason;
    ``people_count`` is how many different people sat in the others then.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SCHEDULED = "scheduled", _("Scheduled")
        SENDING = "sending", _("Sending")
        PAUSED = "paused", _("Paused")
        SENT = "sent", _("Sent")
        CANCELLED = "cancelled", _("Cancelled")

    class Purpose(models.TextChoices):
        MARKETING = "marketing", _("Marketing")
        SERVICE = "service", _("Service notice")

    name = models.CharField(_("name"), max_length=80)
    purpose = models.CharField(_("purpose"), max_length=9, choices=Purpose.choices)
    body = models.TextField(_("text"), max_length=2000)
    link = models.CharField(_("link"), max_length=500, blank=True)
    audience = models.JSONField(default=dict)
    dealer = models.ForeignKey(  # who sends it; empty is headquarters
        Dealer,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
    )
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    scheduled_at = models.DateTimeField(_("send at"), null=True)
    excluded = models.JSONField(default=list)
    room_count = models.PositiveIntegerField(default=0)
    people_count = models.PositiveIntegerField(default=0)
    # How it ended; counted when nothing is on its way any more.
    sent_count = models.PositiveIntegerField(default=0)
    failed_count = models.PositiveIntegerField(default=0)
    created_by_id = models.BigIntegerField(null=True)
    created_by_label = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    confirmed_by_id = models.BigIntegerField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = BroadcastQuerySet.as_manager()

    class Meta:
        indexes = [
            # Serves the start and the end of sending; drafts and finished ones stay out of it.
            models.Index(
                fields=["brand", "scheduled_at"],
                condition=Q(state__in=["scheduled", "sending"]),
                name="communities_broadcast_active",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="draft") | Q(scheduled_at__isnull=False),
                name="communities_broadcast_scheduled_unless_draft",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_marketing(self) -> bool:
        """Whether the kinds' limits on marketing apply to it."""
        return self.purpose == self.Purpose.MARKETING


class DeliveryQuerySet(WorkQuerySet["Delivery"]):
    dealer_field = "room__community__dealer_id"


class Delivery(WorkRow):
    """A broadcast on its way to one room. The row is its own log; one per broadcast and room.

    ``people_count`` is how many sat in the room when it was sent.
    """

    broadcast = models.ForeignKey(
        Broadcast, models.PROTECT, related_name="deliveries", db_constraint=False, db_index=False
    )
    room = models.ForeignKey(
        Room, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    due_at = models.DateTimeField()  # what quotas count; ``claimable_at`` moves with the lease
    is_marketing = models.BooleanField()
    message_seq = models.BigIntegerField(null=True)
    people_count = models.PositiveIntegerField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta(WorkRow.Meta):
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "broadcast", "room"], name="communities_delivery_one_per_room"
            ),
        ]
        indexes = [
            *WorkRow.Meta.indexes,
            # Whether a broadcast is done, and what pausing and cancelling take hold of.
            models.Index(
                fields=["brand", "broadcast"],
                condition=Q(state__in=["due", "claimed", "held"]),
                name="communities_delivery_open",
            ),
            # The quota of a room: its marketing messages of the current window.
            models.Index(
                fields=["brand", "room", "due_at"],
                condition=Q(is_marketing=True) & ~Q(state__in=["failed", "cancelled"]),
                name="communities_delivery_quota",
            ),
            # What reached a room, newest first.
            models.Index(
                fields=["brand", "room", "-settled_at", "-id"],
                condition=Q(state="sent"),
                name="communities_delivery_sent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.broadcast_id}→{self.room_id} {self.state}"
