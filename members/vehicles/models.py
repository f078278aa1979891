from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.kernel.scoping import BrandModel, BrandQuerySet
from members.profiles.models import Member


class VehicleModel(BrandModel):
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
    """One car. Its VIN is encrypted, found by ``vin_hash``, shown by its last six characters."""

    vin_cipher = models.BinaryField()
    vin_hash = models.BinaryField(max_length=16)
    vin_tail = models.CharField(max_length=6)
    model = models.ForeignKey(
        VehicleModel, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    is_domestic = models.BooleanField(default=True)
    mileage_km = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField()

    objects = BrandQuerySet["Vehicle"].as_manager()

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
    """Who had the car from when to when; ``ended_on`` is open for the current owner."""

    vehicle = models.ForeignKey(
        Vehicle, models.PROTECT, related_name="ownerships", db_constraint=False, db_index=False
    )
    member = models.ForeignKey(
        Member, models.PROTECT, related_name="ownerships", db_constraint=False, db_index=False
    )
    delivered_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)

    objects = BrandQuerySet["Ownership"].as_manager()

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
