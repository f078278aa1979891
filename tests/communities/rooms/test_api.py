import pytest

from tests.factories.communities import CommunityFactory, RoomFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/rooms/"


def test_rooms_of_one_community_by_number(signed_in, brand):
    community = CommunityFactory(brand=brand)
    for number in (2, 1):
        RoomFactory(brand=brand, community=community, number=number)
    RoomFactory(brand=brand)
    page = signed_in.get(f"{URL}?community={community.pk}&ordering=number").json()
    assert [row["number"] for row in page["results"]] == [1, 2]


def test_next_room_opens(signed_in, brand):
    community = CommunityFactory(brand=brand, room_cap=7)
    answer = signed_in.post(URL, {"community": community.pk}, content_type="application/json")
    assert (answer.status_code, answer.json()["number"], answer.json()["cap"]) == (201, 1, 7)


def test_archived_community_gets_none(signed_in, brand):
    community = CommunityFactory(brand=brand, state="archived")
    answer = signed_in.post(URL, {"community": community.pk}, content_type="application/json")
    assert answer.status_code == 409
