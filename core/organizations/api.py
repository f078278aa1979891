from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from rest_framework import mixins, serializers
from rest_framework.response import Response

from core.kernel.access import Permission
from core.kernel.api import (
    BrandViewSet,
    Filter,
    ModelSerializer,
    Serializer,
    SharedViewSet,
    VersionField,
    VisibleRelatedField,
)
from core.organizations import services
from core.organizations.models import City, Dealer, Region, Store

if TYPE_CHECKING:
    from rest_framework.request import Request

READ_AND_GROW = {
    "GET": None,
    "POST": Permission.ORGANIZATION_EDIT,
    "PATCH": Permission.ORGANIZATION_EDIT,
}
NAME_FILTER = Filter(
    serializers.CharField(max_length=80), "name__prefix", "Names that start like this."
)
CODE_FILTER = Filter(serializers.CharField(max_length=32), "code", "Exactly this code.")
CITY_FILTER = Filter(
    serializers.RegexField(r"^[0-9]{4}$"), "city_id", "Code of the city, four digits."
)


class CodeField(serializers.RegexField):
    """What other systems call a node; letters, digits and a few marks, so that it fits a file."""

    def __init__(self) -> None:
        """Fix the alphabet and the length."""
        super().__init__(r"^[A-Za-z0-9._-]+\Z", max_length=32)


class CityOut(ModelSerializer):
    class Meta:
        model = City
        fields = ["code", "name", "province_name"]


class RegionOut(ModelSerializer):
    class Meta:
        model = Region
        fields = ["id", "code", "name", "version"]


class RegionChange(Serializer):
    name = serializers.CharField(max_length=80)
    version = VersionField()


class RegionIn(Serializer):
    code = CodeField()
    name = serializers.CharField(max_length=80)


class DealerOut(ModelSerializer):
    class Meta:
        model = Dealer
        fields = ["id", "code", "name", "region", "city", "is_active", "version"]


class DealerChange(Serializer):
    name = serializers.CharField(max_length=80)
    region = VisibleRelatedField(queryset=Region.objects.all())
    city = serializers.PrimaryKeyRelatedField(queryset=City.objects.all())
    is_active = serializers.BooleanField(required=False)
    version = VersionField()


class DealerIn(Serializer):
    code = CodeField()
    name = serializers.CharField(max_length=80)
    region = VisibleRelatedField(queryset=Region.objects.all())
    city = serializers.PrimaryKeyRelatedField(queryset=City.objects.all())


class StoreOut(ModelSerializer):
    class Meta:
        model = Store
        fields = ["id", "code", "name", "dealer", "city", "address", "version"]


class StoreChange(Serializer):
    name = serializers.CharField(max_length=80)
    city = serializers.PrimaryKeyRelatedField(queryset=City.objects.all())
    address = serializers.CharField(max_length=200, allow_blank=True, required=False)
    version = VersionField()


class StoreIn(StoreChange):
    version = None  # type: ignore[assignment]  # a new store has no version to compare
    code = CodeField()
    dealer = VisibleRelatedField(queryset=Dealer.objects.all())


class CityViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, SharedViewSet):
    """The cities of China, by the first four digits of GB/T 2260."""

    queryset = City.objects.all()
    serializer_class = CityOut
    permissions = {"GET": None}
    filters = {
        "name": NAME_FILTER,
        "province_name": Filter(
            serializers.CharField(max_length=40), "province_name", "All cities of a province."
        ),
    }
    orderings = ("code",)


class RegionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Parts of the country, each run by a region manager."""

    queryset = Region.objects.all()
    serializer_class = RegionOut
    inputs = {"create": RegionIn, "partial_update": RegionChange}
    permissions = READ_AND_GROW
    filters = {"code": CODE_FILTER}
    orderings = ("id", "code", "name")

    def create(self, request: Request) -> Response:
        """Add a region."""
        region = services.create_region(**self.parsed(), actor=self.viewer, now=timezone.now())
        return self.created(region)

    def partial_update(self, request: Request, **_kwargs: Any) -> Response:
        """Rename a region."""
        region, changes = self.get_object(), self.parsed()
        region = services.change_region(
            region=region,
            version=changes.pop("version"),
            changes=changes,
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.rendered(region)


class DealerViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Companies that sell and serve the brand's cars. A dealer sees itself only."""

    queryset = Dealer.objects.all()
    serializer_class = DealerOut
    inputs = {"create": DealerIn, "partial_update": DealerChange}
    permissions = READ_AND_GROW
    filters = {
        "code": CODE_FILTER,
        "name": NAME_FILTER,
        "region": Filter(serializers.IntegerField(min_value=1), "region_id", "Id of the region."),
        "city": CITY_FILTER,
        "is_active": Filter(serializers.BooleanField(), "is_active", "Whether it still trades."),
    }
    orderings = ("id", "code", "name")

    def create(self, request: Request) -> Response:
        """Add a dealer to a region."""
        dealer = services.create_dealer(**self.parsed(), actor=self.viewer, now=timezone.now())
        return self.created(dealer)

    def partial_update(self, request: Request, **_kwargs: Any) -> Response:
        """Change a dealer; its code stays."""
        dealer, changes = self.get_object(), self.parsed()
        dealer = services.change_dealer(
            dealer=dealer,
            version=changes.pop("version"),
            changes=changes,
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.rendered(dealer)


class StoreViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Addresses of dealers."""

    queryset = Store.objects.all()
    serializer_class = StoreOut
    inputs = {"create": StoreIn, "partial_update": StoreChange}
    permissions = READ_AND_GROW
    filters = {
        "code": CODE_FILTER,
        "name": NAME_FILTER,
        "dealer": Filter(serializers.IntegerField(min_value=1), "dealer_id", "Id of the dealer."),
        "city": CITY_FILTER,
    }
    orderings = ("id", "code", "name")

    def create(self, request: Request) -> Response:
        """Add a store to a dealer."""
        store = services.create_store(**self.parsed(), actor=self.viewer, now=timezone.now())
        return self.created(store)

    def partial_update(self, request: Request, **_kwargs: Any) -> Response:
        """Change a store; its code and its dealer stay."""
        store, changes = self.get_object(), self.parsed()
        store = services.change_store(
            store=store,
            version=changes.pop("version"),
            changes=changes,
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.rendered(store)
