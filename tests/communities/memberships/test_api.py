import pytest

from communities.memberships.models import Membership
from core.kernel.scoping import tenant
from tests.communities.group_building.conftest import agree
from tests.factories.communities import CommunityFactory, MembershipFactory, RoomFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/memberships/"


def send(client, method, url, body):
    return getattr(client, method)(url, body, content_type="application/json")


def test_joining_takes_the_first_seat_and_happens_once(signed_in, brand):
    community = CommunityFactory(brand=brand)
    member = MemberFactory(brand=brand)
    agree(member)
    body = {"community": community.pk, "member": member.pk}
    answer = send(signed_in, "post", URL, body)
    assert (answer.status_code, answer.json()["source"]) == (201, "manual")
    again = send(signed_in, "post", URL, body)
    assert (again.status_code, again.json()["code"]) == (409, "already_inside")
    assert again.json()["room_id"] == answer.json()["room"]


def test_room_is_read_page_by_page(signed_in, brand, query_budget):
    room = RoomFactory(brand=brand)
    MembershipFactory.create_batch(3, brand=brand, room=room)
    with query_budget(2):
        page = signed_in.get(f"{URL}?room={room.pk}&limit=2").json()
    assert len(page["results"]) == 2
    assert len(signed_in.get(page["next"]).json()["results"]) == 1


def test_list_of_everything_is_refused(signed_in):
    assert signed_in.get(URL).status_code == 400


def test_move_role_and_removal(signed_in, brand):
    community = CommunityFactory(brand=brand)
    rooms = [RoomFactory(brand=brand, community=community, number=n) for n in (1, 2)]
    seat = MembershipFactory(brand=brand, room=rooms[0])
    url = f"{URL}{seat.pk}/"
    answer = send(signed_in, "patch", url, {"room": rooms[1].pk, "role": "admin"}).json()
    assert (answer["room"], answer["role"]) == (rooms[1].pk, "admin")
    assert signed_in.delete(url).status_code == 204
    assert signed_in.get(url).status_code == 404
    with tenant(brand.pk):
        assert Membership.objects.get().left_at is not None
