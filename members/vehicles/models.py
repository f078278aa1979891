from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.kernel.scoping import BrandDetail, BrandModel, BrandQuerySet
from core.kernel.versions import Versioned
from core.organizations.models import Dealer
from members.profiles.models import Member

if TYPE_CHECKING:
    from typing import Self

    from core.kernel.access import Viewer

M = TypeVar("M", bound=models.Model)


class OfVehicleQuerySet(BrandQuerySet[M]):
    """Rows about a car, seen by whoever sees one of the people who own or owned it.

    ``day`` is the column that says of when a row is: what came after the last of these people gave
    the car up is about somebody else.
    """

    vehicle_key = "vehicle_id"
    day = ""

    def visible_to(self, viewer: Viewer) -> Self:
        """Keep the rows of cars that somebody in scope has or had."""
        rows = self.filter(brand_id=viewer.brand_id)
        if viewer.dealer_ids is None:
            return rows
        owned = Ownership.objects.visible_to(viewer).filter(vehicle_id=OuterRef(self.vehicle_key))
        if self.day:
            owned = owned.filter(Q(ended_on=None) | Q(ended_on__gt=OuterRef(self.day)))
        return rows.filter(Exists(owned))


class VehicleQuerySet(OfVehicleQuerySet["Vehicle"]):
    vehicle_key = "pk"


class ReadingQuerySet(OfVehicleQuerySet["MileageReading"]):
    day = "read_on"


class VisitQuerySet(OfVehicleQuerySet["ServiceVisit"]):
    day = "visited_on"


class OwnershipQuerySet(BrandQuerySet["Ownership"]):
    dealer_field = "member__home_dealer_id"


class VehicleModel(Versioned, BrandModel):
    """A car the brand builds, such as 远航 E7."""

    code = models.CharField(_("code"), max_length=32)
    name = models.CharField(_("name"), max_length=80)

    objects = BrandQuerySet["VehicleModel"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "code"], name="members_vehiclemodel_one_per_code"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Vehicle(BrandModel):
    """One car. Its VIN is encrypted, found by ``vin_hash``, shown by its last six characters.

    ``mileage_km`` is what the newest reading says.
    """

    vin_cipher = models.BinaryField()
    vin_hash = models.BinaryField(max_length=16)
    vin_tail = models.CharField(max_length=6)
    model = models.ForeignKey(
        VehicleModel, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    is_domestic = models.BooleanField(default=True)
    mileage_km = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField()

    objects = VehicleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "vin_hash"], name="members_vehicle_one_per_vin"
            )
        ]
        indexes = [
            models.Index(fields=["brand", "vin_tail"], name="members_vehicle_by_vin_tail"),
            models.Index(fields=["brand", "model"], name="members_vehicle_by_model"),
        ]

    def __str__(self) -> str:
        return f"…{self.vin_tail}"


class Ownership(BrandModel):
    """Who had the car from when to when; ``ended_on`` is open for the current owner.

    It is the first day on which the car is no longer theirs. An exclusion constraint of the
    database, ``members_ownership_no_overlap``, keeps the times of one car apart.
    """

    vehicle = models.ForeignKey(
        Vehicle, models.PROTECT, related_name="ownerships", db_constraint=False, db_index=False
    )
    member = models.ForeignKey(
        Member, models.PROTECT, related_name="ownerships", db_constraint=False, db_index=False
    )
    delivered_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)

    objects = OwnershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "vehicle"],
                condition=Q(ended_on=None),
                name="members_ownership_one_current",
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None) | Q(ended_on__gte=models.F("delivered_on")),
                name="members_ownership_ends_after_start",
            ),
        ]
        indexes = [
            models.Index(fields=["brand", "member"], name="members_ownership_by_member"),
            # Who had a car before and after; the check before a car may go.
            models.Index(fields=["brand", "vehicle"], name="members_ownership_of_vehicle"),
        ]

    def __str__(self) -> str:
        return f"{self.vehicle_id} {self.member_id}"


class MileageReading(BrandDetail):
    """What the odometer showed on a day. Below the reading before it only with a ``reason``."""

    id = models.BigAutoField(primary_key=True)
    vehicle = models.ForeignKey(
        Vehicle, models.PROTECT, related_name="readings", db_constraint=False, db_index=False
    )
    read_on = models.DateField(_("read on"))
    km = models.PositiveIntegerField(_("kilometers"))
    reason = models.CharField(_("why it is lower"), max_length=200, blank=True)
    author_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()

    objects = ReadingQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["brand", "vehicle", "-read_on", "-id"], name="members_reading_of_vehicle"
            )
        ]

    def __str__(self) -> str:
        return f"{self.vehicle_id} {self.km} km"


class ServiceVisit(BrandDetail):
    """A car was at a workshop. ``amount_fen`` is what was paid, integer fen."""

    class Kind(models.TextChoices):
        MAINTENANCE = "maintenance", pgettext_lazy("service visit", "Maintenance")
        REPAIR = "repair", pgettext_lazy("service visit", "Repair")
        WARRANTY = "warranty", pgettext_lazy("service visit", "Warranty repair")
        ACCIDENT = "accident", pgettext_lazy("service visit", "Accident repair")
        INSPECTION = "inspection", pgettext_lazy("service visit", "Inspection")

    id = models.BigAutoField(primary_key=True)
    vehicle = models.ForeignKey(
        Vehicle, models.PROTECT, related_name="visits", db_constraint=False, db_index=False
    )
    visited_on = models.DateField(_("visited on"))
    dealer = models.ForeignKey(
        Dealer,
        models.PROTECT,
        related_name="+",
        null=True,
        db_constraint=False,
        db_index=False,
    )
    kind = models.CharField(_("kind"), max_length=11, choices=Kind.choices)
    mileage_km = models.PositiveIntegerField(null=True)
    amount_fen = models.BigIntegerField(_("amount"), default=0)
    author_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()

    objects = VisitQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_fen__gte=0), name="members_visit_amount_not_negative"
            )
        ]
        indexes = [
            models.Index(
                fields=["brand", "vehicle", "-visited_on", "-id"],
                name="members_visit_of_vehicle",
            )
        ]

    def __str__(self) -> str:
        return f"{self.vehicle_id} {self.visited_on}"
