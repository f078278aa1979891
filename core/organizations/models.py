from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.kernel.scoping import BrandModel, BrandQuerySet
from core.kernel.versions import Versioned


class Brand(models.Model):
    """The tenant. Every business row belongs to exactly one."""

    code = models.SlugField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name

    @property
    def brand_id(self) -> int:
        """Its own: a brand fits wherever a brand's row does."""
        return self.pk


def short_city(name: str) -> str:
    """Return a city's name without the suffix: 杭州市 → 杭州."""
    return name.removesuffix("市")


class City(models.Model):
    """A prefecture-level city or municipality of China, shared by all brands.

    ``code`` is the four-digit prefix of GB/T 2260; municipalities appear under their own name.
    """

    code = models.CharField(max_length=4, primary_key=True)
    name = models.CharField(_("name"), max_length=40)
    province_name = models.CharField(_("province"), max_length=40)

    class Meta:
        indexes = [models.Index(fields=["name"], name="core_city_by_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def short_name(self) -> str:
        """Without the suffix: 杭州市 → 杭州."""
        return short_city(self.name)


class Region(Versioned, BrandModel):
    """A part of the country, run by a region manager."""

    code = models.CharField(_("code"), max_length=32)
    name = models.CharField(_("name"), max_length=80)

    objects = BrandQuerySet["Region"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["brand", "code"], name="core_region_one_per_code")
        ]

    def __str__(self) -> str:
        return self.name


class DealerQuerySet(BrandQuerySet["Dealer"]):
    dealer_field = "id"


class Dealer(Versioned, BrandModel):
    """A company that sells and serves the brand's cars. Never sees another dealer's rows."""

    region = models.ForeignKey(
        Region, models.PROTECT, related_name="dealers", db_constraint=False, db_index=False
    )
    code = models.CharField(_("code"), max_length=32)
    name = models.CharField(_("name"), max_length=80)
    city = models.ForeignKey(City, models.PROTECT, related_name="+", db_index=False)
    is_active = models.BooleanField(default=True)

    objects = DealerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["brand", "code"], name="core_dealer_one_per_code")
        ]
        indexes = [
            models.Index(fields=["brand", "region"], name="core_dealer_by_region"),
            models.Index(fields=["brand", "city"], name="core_dealer_by_city"),
            models.Index(fields=["brand", "name"], name="core_dealer_by_name"),
        ]

    def __str__(self) -> str:
        return self.name


class StoreQuerySet(BrandQuerySet["Store"]):
    dealer_field = "dealer_id"


class Store(Versioned, BrandModel):
    """One address of a dealer."""

    dealer = models.ForeignKey(
        Dealer, models.PROTECT, related_name="stores", db_constraint=False, db_index=False
    )
    code = models.CharField(_("code"), max_length=32)
    name = models.CharField(_("name"), max_length=80)
    city = models.ForeignKey(City, models.PROTECT, related_name="+", db_index=False)
    address = models.CharField(_("address"), max_length=200, blank=True)

    objects = StoreQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["brand", "code"], name="core_store_one_per_code")
        ]
        indexes = [models.Index(fields=["brand", "dealer"], name="core_store_by_dealer")]

    def __str__(self) -> str:
        return self.name
