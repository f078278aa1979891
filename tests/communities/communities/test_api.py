import pytest
from django.utils import timezone

from communities.communities.models import Community
from communities.policies.services import install_default_policies
from core.kernel.scoping import tenant
from tests.factories.communities import CommunityFactory, RoomFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/communities/"


@pytest.fixture
def policies(brand, actor):
    with tenant(brand.pk):
        install_default_policies(brand=brand, actor=actor, now=timezone.now())


def send(client, method, url, body):
    return getattr(client, method)(url, body, content_type="application/json")


def test_created_with_its_first_room(signed_in, policies):
    answer = send(signed_in, "post", URL, {"kind": "core", "name": "核心"})
    assert answer.status_code == 201
    assert {k: answer.json()[k] for k in ("name", "room_cap", "open_rooms", "seats")} == {
        "name": "核心",
        "room_cap": 50,
        "open_rooms": 1,
        "seats": 50,
    }


def test_flash_needs_its_end_and_is_named_after_its_event(signed_in, policies):
    body = {"kind": "flash", "event": "试驾之夜", "starts_at": "2199-11-28T11:00:00Z"}
    answer = send(signed_in, "post", URL, body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/ends_at")
    made = send(signed_in, "post", URL, body | {"ends_at": "2199-11-28T13:00:00Z"}).json()
    assert (made["name"], made["ends_at"][:16]) == ("11月28日19点 试驾之夜", "2199-11-28T21:00")
    url = f"{URL}{made['id']}/"
    changed = send(signed_in, "patch", url, {"version": 1, "ends_at": "2199-11-29T13:00:00Z"})
    assert (changed.json()["version"], changed.json()["name"]) == (2, made["name"])
    assert send(signed_in, "patch", url, {"version": 2, "ends_at": None}).status_code == 422


def test_list_narrows_and_pages(signed_in, brand, policies, query_budget):
    for kind in ("core", "service", "service"):
        community = CommunityFactory(brand=brand, kind=kind)
        RoomFactory(brand=brand, community=community, number=1)
    with query_budget(3):
        page = signed_in.get(f"{URL}?kind=service&limit=1").json()
    assert (len(page["results"]), bool(page["next"])) == (1, True)
    assert len(signed_in.get(page["next"]).json()["results"]) == 1


def test_change_and_stale_change(signed_in, brand, policies):
    made = CommunityFactory(brand=brand)
    url = f"{URL}{made.pk}/"
    assert send(signed_in, "patch", url, {"version": 1, "name": "B"}).json()["version"] == 2
    assert send(signed_in, "patch", url, {"version": 1, "name": "C"}).status_code == 412


def test_archive_asks_for_the_name(signed_in, brand, policies):
    made = CommunityFactory(brand=brand, name="A")
    url = f"{URL}{made.pk}/archive/"
    assert send(signed_in, "post", url, {"name": "B"}).status_code == 422
    assert send(signed_in, "post", url, {"name": "A"}).json()["state"] == "archived"
    assert send(signed_in, "post", url, {"name": "A"}).status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "party"},
        {"kind": "service", "dealer": 2**40},
        {"kind": "service", "room_cap": 1},
        {"kind": "service", "tenant_id": 1},
        {"kind": "service", "name": 5},
    ],
)
def test_bad_bodies_are_422_and_write_nothing(signed_in, brand, policies, body):
    assert send(signed_in, "post", URL, body).status_code == 422
    with tenant(brand.pk):
        assert not Community.objects.exists()
