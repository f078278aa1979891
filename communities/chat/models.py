from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from communities.rooms.models import Room
from core.kernel.scoping import BrandDetail, BrandQuerySet


class MessageQuerySet(BrandQuerySet["RoomMessage"]):
    dealer_field = "room__community__dealer_id"


class RoomMessage(BrandDetail):
    """One message of one room: a row per room, never a row per person.

    ``seq`` counts within the room and commits in order, so a reader pages by it and misses
    nothing. ``dedupe_key`` makes a repeated send of the same thing a no-op; it names the room.
    """

    class Sender(models.TextChoices):
        STAFF = "staff", _("Staff")
        MEMBER = "member", _("Member")
        SYSTEM = "system", _("System")

    id = models.BigAutoField(primary_key=True)
    room = models.ForeignKey(
        Room, models.PROTECT, related_name="messages", db_constraint=False, db_index=False
    )
    seq = models.BigIntegerField()
    sender = models.CharField(max_length=6, choices=Sender.choices)
    sender_id = models.BigIntegerField(null=True)
    sender_label = models.CharField(max_length=80)
    body = models.TextField()
    link = models.CharField(max_length=500, blank=True)
    dedupe_key = models.CharField(max_length=64, null=True)  # noqa: DJ001  (unique where present)
    created_at = models.DateTimeField()

    objects = MessageQuerySet.as_manager()

    class Meta:
        indexes = [
            # What is older than the rule of retention; rows lie in the order they were said.
            BrinIndex(fields=["created_at"], name="communities_roommessage_age"),
            # What one member wrote; staff's and the system's messages stay out of it.
            models.Index(
                fields=["brand", "sender_id"],
                condition=models.Q(sender="member"),
                name="communities_message_of_member",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "room", "seq"], name="communities_roommessage_in_order"
            ),
            models.UniqueConstraint(
                fields=["brand", "dedupe_key"],
                condition=models.Q(dedupe_key__isnull=False),
                name="communities_roommessage_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.room_id}#{self.seq}"
