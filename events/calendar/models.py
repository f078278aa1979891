from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from communities.communities.models import Community
from core.kernel.scoping import BrandModel, BrandQuerySet
from core.organizations.models import City, Dealer
from events.calendar import rules

if TYPE_CHECKING:
    from typing import Self

    from core.kernel.access import Viewer


class Kind(models.TextChoices):
    """What members come together for; product.md §5."""

    MEET_UP = "meet_up", _("Owner meet-up")
    SALON = "salon", _("Salon")
    SPORT = "sport", _("Sport")
    DRIVE = "drive", _("Drive")
    TEST_DRIVE = "test_drive", _("Test drive")
    LIVE = "live", _("Live stream")
    USER_MEETING = "user_meeting", _("User meeting")
    CHARITY = "charity", _("Charity")
    DELIVERY = "delivery", _("Delivery ceremony")


class EventQuerySet(BrandQuerySet["Event"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """Keep the brand's own events and those of the viewer's dealers."""
        rows = self.filter(brand_id=viewer.brand_id)
        if viewer.dealer_ids is None:
            return rows
        return rows.filter(Q(dealer=None) | Q(dealer__in=viewer.dealer_ids))

    def editable_by(self, viewer: Viewer) -> Self:
        """Keep those that the viewer may plan: the brand's own are the whole brand's to plan."""
        rows = self.filter(brand_id=viewer.brand_id)
        return rows if viewer.dealer_ids is None else rows.filter(dealer__in=viewer.dealer_ids)


class Event(BrandModel):
    """Something that takes place once. Without a dealer it is the brand's own.

    ``taken`` counts the people who hold a place, guests among them. Triggers on registrations
    keep it, and the database refuses what would raise it above ``capacity``. ``external_no`` is
    the number by which the brand's app knows the event.
    """

    class State(models.TextChoices):
        DRAFT = rules.State.DRAFT.value, pgettext_lazy("event", "Draft")
        PUBLISHED = rules.State.PUBLISHED.value, pgettext_lazy("event", "Published")
        DONE = rules.State.DONE.value, pgettext_lazy("event", "Done")
        CANCELLED = rules.State.CANCELLED.value, pgettext_lazy("event", "Cancelled")

    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=rules.MAX_NAME)
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    is_online = models.BooleanField(_("online"), default=False)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    venue = models.CharField(_("venue"), max_length=rules.MAX_VENUE, blank=True)
    city = models.ForeignKey(
        City,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("city"),
    )
    dealer = models.ForeignKey(
        Dealer,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        verbose_name=_("dealer"),
    )
    community = models.ForeignKey(
        Community,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        verbose_name=_("community"),
    )
    capacity = models.PositiveIntegerField(_("places"), null=True, blank=True)
    guests_each = models.PositiveSmallIntegerField(_("guests each"), default=0)
    taken = models.PositiveIntegerField(default=0, db_default=0)
    external_no = models.CharField(_("number in your app"), max_length=64, blank=True)
    created_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    objects = EventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "external_no"],
                condition=~Q(external_no=""),
                name="events_event_one_per_number",
            ),
            models.CheckConstraint(
                condition=Q(capacity=None) | Q(taken__lte=F("capacity")),
                name="events_event_within_capacity",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="events_event_ends_after_start"
            ),
        ]
        indexes = [
            # The calendar, and what a dealer or a city has in it.
            models.Index(fields=["brand", "starts_at", "id"], name="events_event_in_time"),
            models.Index(fields=["brand", "dealer", "starts_at"], name="events_event_of_dealer"),
            models.Index(fields=["brand", "community"], name="events_event_of_community"),
            # Those that are over, which some did not come to.
            models.Index(fields=["brand", "ends_at"], name="events_event_by_end"),
        ]

    def __str__(self) -> str:
        return self.name
