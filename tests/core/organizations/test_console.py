import pytest

from core.kernel.scoping import tenant
from core.organizations.models import Dealer, Region, Store
from tests.factories.core import (
    CityFactory,
    DealerFactory,
    RegionFactory,
    RoleGrantFactory,
    StaffFactory,
    StoreFactory,
)

pytestmark = pytest.mark.django_db


def sign_in_as(client, brand, role, **node):
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role=role, **node)
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")


def names(response):
    return [dealer.name for dealer in response.context["rows"]]


def test_the_tree_is_shown_with_counts(signed_in, brand):
    east, west = RegionFactory(brand=brand, name="东"), RegionFactory(brand=brand, name="西")
    a, _b = (DealerFactory(brand=brand, region=east, name=name) for name in "ab")
    DealerFactory(brand=brand, region=west, name="c")
    DealerFactory()
    StoreFactory(brand=brand, dealer=a)
    StoreFactory(brand=brand, dealer=a)
    response = signed_in.get("/organization/")
    assert names(response) == ["a", "b", "c"]
    views = [(view["label"], view["count"]) for view in response.context["views"]]
    assert views[1:] == [("东", 2), ("西", 1)]
    assert response.context["rows"][0].store_count == 2
    assert names(signed_in.get(f"/organization/?region={east.pk}")) == ["a", "b"]
    assert names(signed_in.get("/organization/?q=%25")) == []
    assert names(signed_in.get("/organization/?region=nonsense&q=c")) == ["c"]


def test_a_dealer_sees_its_own_branch(client, brand):
    mine = DealerFactory(brand=brand, name="mine")
    other = DealerFactory(brand=brand, name="other")
    sign_in_as(client, brand, "dealer_manager", dealer=mine)
    response = client.get("/organization/")
    assert names(response) == ["mine"]
    assert len(response.context["views"]) == 2
    assert client.get(f"/organization/dealers/{mine.pk}/").status_code == 200
    assert client.get(f"/organization/dealers/{other.pk}/").status_code == 404
    assert client.get(f"/organization/dealers/{mine.pk}/edit/").status_code == 403


def test_the_tree_grows(signed_in, brand):
    CityFactory(code="3301", name="杭州市")
    signed_in.post("/organization/regions/new/", {"name": "华东", "code": "HD"})
    with tenant(brand.pk):
        region = Region.objects.get()
    response = signed_in.post(
        "/organization/dealers/new/",
        {"name": "滨江", "code": "D1", "region": region.pk, "city": "杭州"},
    )
    with tenant(brand.pk):
        dealer = Dealer.objects.get()
    assert response["Location"] == f"/organization/dealers/{dealer.pk}/"
    assert (dealer.city_id, dealer.is_active) == ("3301", True)
    signed_in.post(
        f"/organization/dealers/{dealer.pk}/stores/new/",
        {"name": "一店", "code": "S1", "city": "杭州市", "address": "江南大道 588 号"},
    )
    with tenant(brand.pk):
        store = Store.objects.get()
    assert store.dealer_id == dealer.pk
    assert "江南大道" in signed_in.get(f"/organization/dealers/{dealer.pk}/").text


def test_the_tree_is_changed(signed_in, brand):
    store = StoreFactory(brand=brand)
    dealer, other = store.dealer, RegionFactory(brand=brand)
    signed_in.post(f"/organization/regions/{other.pk}/edit/", {"name": "新名", "version": 1})
    signed_in.post(
        f"/organization/dealers/{dealer.pk}/edit/",
        {"name": "改名", "region": other.pk, "city": dealer.city.name, "version": 1},
    )
    signed_in.post(
        f"/organization/stores/{store.pk}/edit/",
        {"name": "新店名", "city": store.city.name, "version": 1},
    )
    with tenant(brand.pk):
        assert Region.objects.get(pk=other.pk).name == "新名"
        changed = Dealer.objects.get(pk=dealer.pk)
        assert (changed.name, changed.region_id, changed.is_active) == ("改名", other.pk, False)
        assert Store.objects.get(pk=store.pk).name == "新店名"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "D0"}, "code"),
        ({"code": "有 空格"}, "code"),
        ({"city": "亚特兰蒂斯"}, "city"),
        ({"region": "0"}, "region"),
        ({"name": ""}, "name"),
    ],
)
def test_a_refused_dealer_keeps_what_was_typed(signed_in, brand, changes, field):
    dealer = DealerFactory(brand=brand, code="D0")
    values = {"name": "滨江", "code": "D1", "region": dealer.region_id, "city": "杭州市"} | changes
    response = signed_in.post("/organization/dealers/new/", values)
    assert response.status_code == 422
    assert field in response.context["form"].errors


def test_another_brands_nodes_do_not_exist(signed_in):
    store = StoreFactory()
    for path in (
        f"dealers/{store.dealer_id}/",
        f"dealers/{store.dealer_id}/edit/",
        f"dealers/{store.dealer_id}/stores/new/",
        f"stores/{store.pk}/edit/",
        f"regions/{store.dealer.region_id}/edit/",
    ):
        assert signed_in.get(f"/organization/{path}").status_code == 404


def test_the_tree_needs_few_queries(signed_in, brand, query_budget):
    for _n in range(5):
        StoreFactory(brand=brand)
    with query_budget(4):  # Regions, two counts, dealers.
        signed_in.get("/organization/")
