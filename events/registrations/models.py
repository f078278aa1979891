from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.kernel.scoping import BrandDetail, BrandQuerySet
from events.calendar.models import Event
from events.registrations import rules
from members.profiles.models import Member

if TYPE_CHECKING:
    from typing import Self

    from core.kernel.access import Viewer


class RegistrationQuerySet(BrandQuerySet["Registration"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """Keep who comes to the viewer's own events, and their own members at the brand's.

        A dealer never sees another dealer's members for having been at the brand's event too.
        """
        rows = self.filter(brand_id=viewer.brand_id)
        if viewer.dealer_ids is None:
            return rows
        own = Q(event__dealer__in=viewer.dealer_ids)
        brought = Q(event__dealer=None, member__home_dealer__in=viewer.dealer_ids)
        return rows.filter(own | brought)


class Registration(BrandDetail):
    """A member's word to come to an event, and what became of it. One row for both.

    Somebody who called off and comes after all takes up the same row again. ``guests`` come
    along and need places too.
    """

    class State(models.TextChoices):
        REGISTERED = rules.State.REGISTERED.value, pgettext_lazy("registration", "Registered")
        CHECKED_IN = rules.State.CHECKED_IN.value, pgettext_lazy("registration", "Checked in")
        CANCELLED = rules.State.CANCELLED.value, pgettext_lazy("registration", "Called off")

    class Source(models.TextChoices):
        MANUAL = "manual", pgettext_lazy("registration", "By hand")
        API = "api", pgettext_lazy("registration", "The brand's app")
        DOOR = "door", pgettext_lazy("registration", "At the door")

    id = models.BigAutoField(primary_key=True)
    event = models.ForeignKey(
        Event, models.PROTECT, related_name="registrations", db_constraint=False, db_index=False
    )
    member = models.ForeignKey(
        Member, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.REGISTERED)
    guests = models.PositiveSmallIntegerField(_("guests"), default=0)
    source = models.CharField(max_length=6, choices=Source.choices)
    registered_at = models.DateTimeField()
    checked_in_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)

    objects = RegistrationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "event", "member"], name="events_registration_one_each"
            ),
            models.CheckConstraint(
                condition=Q(state="registered", checked_in_at=None, cancelled_at=None)
                | Q(state="checked_in", checked_in_at__isnull=False, cancelled_at=None)
                | Q(state="cancelled", checked_in_at=None, cancelled_at__isnull=False),
                name="events_registration_told_by_times",
            ),
        ]
        indexes = [
            # An event's people, the newest first.
            models.Index(fields=["brand", "event", "-id"], name="events_registration_of_event"),
            # A member's: registered, came, called off; each newest first.
            models.Index(
                fields=["brand", "member", "-registered_at", "-id"],
                name="events_registration_of_member",
            ),
            models.Index(
                fields=["brand", "member", "-checked_in_at", "-id"],
                condition=Q(state="checked_in"),
                name="events_checkin_of_member",
            ),
            models.Index(
                fields=["brand", "member", "-cancelled_at", "-id"],
                condition=Q(state="cancelled"),
                name="events_cancel_of_member",
            ),
            # Who came lately, from the index alone.
            models.Index(
                fields=["brand", "checked_in_at"],
                include=["member", "event"],
                condition=Q(state="checked_in"),
                name="events_checkin_in_time",
            ),
            # What a member may not have come to; and who did not come to an event that is over.
            models.Index(
                fields=["brand", "member", "event"],
                condition=Q(state="registered"),
                name="events_open_of_member",
            ),
            models.Index(
                fields=["brand", "event", "member"],
                condition=Q(state="registered"),
                name="events_registration_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.member_id}"
