import pytest

from core.kernel.scoping import tenant
from core.organizations.models import Region
from tests.factories.core import (
    CityFactory,
    DealerFactory,
    RegionFactory,
    RoleGrantFactory,
    StaffFactory,
    StoreFactory,
)

pytestmark = pytest.mark.django_db

API = "/api/v1"


@pytest.fixture
def dealer_manager(client, brand):
    """A browser session of the manager of one dealer, which is returned with it."""
    dealer = DealerFactory(brand=brand)
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role="dealer_manager", dealer=dealer)
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    return client, dealer


def send(client, method, url, **body):
    return getattr(client, method)(url, body, content_type="application/json")


def names(response):
    return [row["name"] for row in response.json()["results"]]


def test_region_is_created_and_found_where_the_answer_says(signed_in):
    made = send(signed_in, "post", f"{API}/regions/", code="EAST", name="华东大区")
    assert made.status_code == 201
    assert signed_in.get(made["Location"]).json() == made.json()


def test_region_is_renamed(signed_in, brand):
    region = RegionFactory(brand=brand)
    response = send(signed_in, "patch", f"{API}/regions/{region.pk}/", name="华北大区", version=1)
    assert (response.json()["name"], response.json()["version"]) == ("华北大区", 2)


def test_code_cannot_be_changed(signed_in, brand):
    region = RegionFactory(brand=brand, code="EAST")
    response = send(signed_in, "patch", f"{API}/regions/{region.pk}/", code="WEST", version=1)
    assert response.status_code == 422
    with tenant(brand.pk):
        assert Region.objects.get().code == "EAST"


def test_taken_code_names_its_field(signed_in, brand):
    RegionFactory(brand=brand, code="EAST")
    response = send(signed_in, "post", f"{API}/regions/", code="EAST", name="又一个")
    assert response.status_code == 422
    assert [entry["pointer"] for entry in response.json()["errors"]] == ["/code"]


def test_dealer_and_store_are_created_and_changed(signed_in, brand):
    region, city = RegionFactory(brand=brand), CityFactory()
    body = {"name": "杭州一店", "city": city.code}
    dealer = send(signed_in, "post", f"{API}/dealers/", code="D1", region=region.pk, **body).json()
    store = send(signed_in, "post", f"{API}/stores/", code="S1", dealer=dealer["id"], **body)
    assert store.status_code == 201, store.content
    left = {"is_active": False, "version": 1}
    changed = send(signed_in, "patch", f"{API}/dealers/{dealer['id']}/", **left)
    assert changed.json() == dealer | {"is_active": False, "version": 2}
    moved = send(signed_in, "patch", f"{store['Location']}", address="文三路 1 号", version=1)
    assert moved.json()["address"] == "文三路 1 号"


@pytest.mark.parametrize(
    "query",
    ["code=D-7", "name=杭州", "city=3301", "is_active=false", "region={region}"],
)
def test_dealers_are_filtered(query, signed_in, brand):
    wanted = DealerFactory(
        brand=brand, code="D-7", name="杭州一店", city=CityFactory(code="3301"), is_active=False
    )
    DealerFactory(brand=brand, name="上海一店", city=CityFactory(code="3101", name="上海市"))
    response = signed_in.get(f"{API}/dealers/?{query.format(region=wanted.region_id)}")
    assert names(response) == ["杭州一店"]


def test_cities_are_shared_and_read_only(signed_in):
    CityFactory()
    assert names(signed_in.get(f"{API}/cities/?name=杭")) == ["杭州市"]
    assert signed_in.get(f"{API}/cities/3301/").json()["province_name"] == "浙江省"
    assert send(signed_in, "post", f"{API}/cities/", code="9999", name="x").status_code == 405


def test_dealer_manager_sees_the_own_dealer_only(dealer_manager, brand):
    client, mine = dealer_manager
    other = DealerFactory(brand=brand)
    StoreFactory(brand=brand, dealer=other)
    my_store = StoreFactory(brand=brand, dealer=mine)
    assert names(client.get(f"{API}/dealers/")) == [mine.name]
    assert names(client.get(f"{API}/stores/")) == [my_store.name]
    assert client.get(f"{API}/dealers/{other.pk}/").status_code == 404


def test_dealer_manager_cannot_change_the_tree(dealer_manager):
    client, mine = dealer_manager
    response = send(client, "patch", f"{API}/dealers/{mine.pk}/", name="新名")
    assert response.status_code == 403
    told = response.json()
    assert (told["code"], told["permission"]) == ("forbidden", "organization.edit")


def test_reference_to_another_brands_region_does_not_exist(signed_in):
    theirs, city = RegionFactory(), CityFactory()
    body = {"code": "D1", "name": "x", "region": theirs.pk, "city": city.code}
    response = send(signed_in, "post", f"{API}/dealers/", **body)
    assert response.status_code == 422
    assert [entry["pointer"] for entry in response.json()["errors"]] == ["/region"]


def test_nobody_is_asked_to_sign_in(client):
    response = client.get(f"{API}/regions/")
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("resource", "factory"),
    [("regions", RegionFactory), ("dealers", DealerFactory), ("stores", StoreFactory)],
)
def test_lists_need_one_query_however_long(resource, factory, signed_in, brand, query_budget):
    for _number in range(12):
        factory(brand=brand)
    signed_in.get(f"{API}/{resource}/")
    with query_budget(1):
        response = signed_in.get(f"{API}/{resource}/")
    assert len(response.json()["results"]) == 12


def test_cities_need_one_query(signed_in, query_budget):
    for code in ["3301", "3302", "3303"]:
        CityFactory(code=code, name=code)
    with query_budget(1):
        assert len(signed_in.get(f"{API}/cities/").json()["results"]) == 3
