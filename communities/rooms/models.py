from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from communities.communities.models import Community
from core.kernel.scoping import BrandModel, BrandQuerySet

if TYPE_CHECKING:
    from typing import Self


class RoomQuerySet(BrandQuerySet["Room"]):
    dealer_field = "community__dealer_id"

    def with_seats(self) -> Self:
        """Open, and not full yet."""
        return self.filter(state=Room.State.OPEN, member_count__lt=F("cap"))


class Room(BrandModel):
    """One chat group. ``member_count`` is kept by a trigger on memberships and never above ``cap``.

    ``last_seq`` numbers the messages of the room without gaps; assigning one locks this row, so
    messages commit in the order of their numbers.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        ARCHIVED = "archived", _("Archived")

    community = models.ForeignKey(
        Community, models.PROTECT, related_name="rooms", db_constraint=False, db_index=False
    )
    number = models.PositiveIntegerField(_("number"))
    name = models.CharField(_("name"), max_length=120)
    channel = models.CharField(max_length=12, default="in_app")
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    cap = models.PositiveIntegerField(_("cap"))
    member_count = models.PositiveIntegerField(_("members"), default=0)
    last_seq = models.BigIntegerField(default=0)
    build_run_id = models.BigIntegerField(null=True)  # the run that opened it; empty by hand
    created_at = models.DateTimeField()

    objects = RoomQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "community", "number"], name="communities_room_one_per_number"
            ),
            models.CheckConstraint(
                condition=Q(member_count__lte=F("cap")), name="communities_room_within_cap"
            ),
        ]

    def __str__(self) -> str:
        return self.name
