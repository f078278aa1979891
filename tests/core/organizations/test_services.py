from datetime import UTC, datetime

import pytest

from core.audit.models import AuditEntry
from core.kernel.access import system_viewer
from core.kernel.errors import InvalidInput
from core.kernel.scoping import CrossBrand, tenant
from core.organizations import services
from core.organizations.models import Dealer, Region, Store
from tests.factories.core import (
    BrandFactory,
    CityFactory,
    DealerFactory,
    RegionFactory,
    StoreFactory,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def city(db):
    return CityFactory()


def told():
    return [(entry.action, entry.data) for entry in AuditEntry.objects.order_by("id")]


def test_region_is_added_and_told(inside_brand, actor):
    region = services.create_region(code="EAST", name="华东大区", actor=actor, now=NOW)
    assert region.brand_id == inside_brand.pk
    assert told() == [("region.created", {})]


def test_taken_code_is_refused_at_the_field(inside_brand, actor):
    RegionFactory(brand=inside_brand, code="EAST")
    with pytest.raises(InvalidInput) as refusal:
        services.create_region(code="EAST", name="又一个", actor=actor, now=NOW)
    assert refusal.value.problems[0].pointer == "/code"
    assert Region.objects.count() == 1
    assert told() == []


def test_another_brand_may_use_the_same_code(inside_brand, actor):
    RegionFactory(code="EAST")
    services.create_region(code="EAST", name="华东大区", actor=actor, now=NOW)


def test_rename_tells_which_field_changed_and_not_its_value(inside_brand, actor):
    region = RegionFactory(brand=inside_brand)
    services.change_region(region=region, changes={"name": "华南大区"}, actor=actor, now=NOW)
    assert Region.objects.get().name == "华南大区"
    assert told() == [("region.changed", {"fields": ["name"]})]


def test_change_that_changes_nothing_tells_nothing(inside_brand, actor):
    region = RegionFactory(brand=inside_brand)
    services.change_region(region=region, changes={"name": region.name}, actor=actor, now=NOW)
    assert told() == []


def test_dealer_is_added_to_a_region(inside_brand, actor, city):
    region = RegionFactory(brand=inside_brand)
    services.create_dealer(
        code="D1", name="杭州一店", region=region, city=city, actor=actor, now=NOW
    )
    assert Dealer.objects.get().region == region
    assert told() == [("dealer.created", {})]


def test_dealer_cannot_be_put_into_another_brands_region(inside_brand, actor, city):
    theirs = RegionFactory()
    with pytest.raises(CrossBrand):
        services.create_dealer(code="D1", name="x", region=theirs, city=city, actor=actor, now=NOW)
    mine = DealerFactory(brand=inside_brand)
    with pytest.raises(CrossBrand):
        services.change_dealer(dealer=mine, changes={"region": theirs}, actor=actor, now=NOW)
    assert Dealer.objects.get().region_id == mine.region_id


def test_dealer_changes_several_fields_at_once(inside_brand, actor):
    dealer = DealerFactory(brand=inside_brand)
    changes = {"name": "新名", "is_active": False}
    services.change_dealer(dealer=dealer, changes=changes, actor=actor, now=NOW)
    dealer.refresh_from_db()
    assert (dealer.name, dealer.is_active) == ("新名", False)
    assert told() == [("dealer.changed", {"fields": ["is_active", "name"]})]


def test_store_is_added_and_changed(inside_brand, actor, city):
    dealer = DealerFactory(brand=inside_brand)
    store = services.create_store(
        code="S1", name="西湖店", dealer=dealer, city=city, actor=actor, now=NOW
    )
    services.change_store(store=store, changes={"address": "1 号"}, actor=actor, now=NOW)
    assert Store.objects.get().address == "1 号"
    assert [action for action, _data in told()] == ["store.created", "store.changed"]


def test_store_cannot_be_put_into_another_brands_dealer(inside_brand, actor, city):
    theirs = DealerFactory()
    with pytest.raises(CrossBrand):
        services.create_store(code="S1", name="x", dealer=theirs, city=city, actor=actor, now=NOW)
    assert not Store.objects.exists()


@pytest.mark.django_db
def test_other_brands_nodes_are_out_of_reach():
    """The lock is taken by id; the policy is what keeps the id of another brand from meaning."""
    theirs, mine = StoreFactory(), BrandFactory()
    with tenant(mine.pk), pytest.raises(Store.DoesNotExist):
        services.change_store(
            store=theirs, changes={"name": "x"}, actor=system_viewer(mine.pk), now=NOW
        )
