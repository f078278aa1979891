import pytest
from rest_framework.test import APIClient

from core.kernel.scoping import tenant
from members.profiles.models import Member
from tests.factories.core import CityFactory, DealerFactory, RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory, TagFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/members/"


@pytest.fixture
def api(staff):
    client = APIClient()
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    return client


def names(answer):
    assert answer.status_code == 200, answer.content
    return [row["display_name"] for row in answer.json()["results"]]


def test_a_member_goes_in_whole_and_comes_out_masked(api, brand):
    dealer, city = DealerFactory(brand=brand), CityFactory()
    body = {
        "display_name": "陈小宇",
        "phone": "138 1234 5678",
        "city": city.pk,
        "home_dealer": dealer.pk,
        "stage": "growth",
    }
    made = api.post(URL, body)
    assert made.status_code == 201
    assert made.json()["phone_masked"] == "138****5678"
    assert "13812345678" not in made.content.decode()
    again = api.get(made["Location"]).json()
    assert (again["city"], again["home_dealer"], again["stage"]) == (city.pk, dealer.pk, "growth")


def test_a_name_is_masked_for_who_may_not_change_it(brand):
    person = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=person, role="analyst")
    reader = APIClient()
    reader.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    member = MemberFactory(brand=brand, display_name="陈小宇")
    assert names(reader.get(URL)) == ["陈*宇"]
    assert reader.get(f"{URL}{member.pk}/").json()["display_name"] == "陈*宇"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/display_name"),
        ({"display_name": "\u200b"}, "/display_name"),
        ({"display_name": "a", "phone": "1.38E+10"}, "/phone"),
        ({"display_name": "a", "phone": "13812345678"}, "/phone"),
        ({"display_name": "a", "home_dealer": 2**62}, "/home_dealer"),
        ({"display_name": "a", "brand": 1}, "/brand"),
        ({"display_name": "a", "version": 1}, "/version"),
        ({"display_name": 7}, "/display_name"),
    ],
)
def test_a_wrong_body_is_answered_422_with_its_pointer(body, pointer, api, brand):
    MemberFactory(brand=brand, phone="+8613812345678")
    answer = api.post(URL, body)
    assert answer.status_code == 422
    assert f'"{pointer}"' in answer.content.decode()
    with tenant(brand.pk):
        assert Member.objects.count() == 1


def test_a_stale_change_is_answered_412(api, brand):
    member = MemberFactory(brand=brand)
    assert api.patch(f"{URL}{member.pk}/", {"stage": "growth", "version": 1}).status_code == 200
    assert api.patch(f"{URL}{member.pk}/", {"stage": "lost", "version": 1}).status_code == 412


def test_lists_are_narrowed_and_pages_follow(api, brand):
    tag = TagFactory(brand=brand)
    members = [MemberFactory(brand=brand, display_name=f"m{n}", stage="growth") for n in range(3)]
    MemberFactory(brand=brand, display_name="other")
    api.post(f"/api/v1/tags/{tag.pk}/give/", {"member_ids": [m.pk for m in members]})
    first = api.get(URL, {"tag": tag.pk, "stage": "growth", "limit": 2})
    assert names(first) == ["m2", "m1"]
    assert names(api.get(first.json()["next"])) == ["m0"]
    assert names(api.get(URL, {"q": "oth"})) == ["other"]


@pytest.mark.parametrize(
    "query",
    [
        {"segment": 999},
        {"tag": -1},
        {"tag": 2**63},
        {"stage": "king"},
        {"city": "x"},
        {"name": "x"},
        {"limit": 10**9},
        {"ordering": "password"},
    ],
)
def test_a_wrong_parameter_is_answered_400(query, api, brand):
    assert api.get(URL, query).status_code == 400


def test_another_brands_member_is_not_there(api, brand):
    assert api.get(f"{URL}{MemberFactory().pk}/").status_code == 404
    assert api.get(f"{URL}{2**63}/").status_code == 404
