from datetime import timedelta

import pytest
from django.utils import timezone

from communities.broadcasts.parcels import key_of
from communities.rooms.models import Room
from core.kernel.scoping import tenant
from tests.factories.communities import (
    DeliveryFactory,
    MembershipFactory,
    RoomFactory,
    RoomMessageFactory,
)
from tests.factories.members import ConsentFactory, MemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(brand):
    room = RoomFactory(brand=brand, last_seq=7)
    for seq in range(1, 8):
        RoomMessageFactory(brand=brand, room=room, seq=seq)
    return room


def url_of(room, part="messages"):
    return f"/api/v1/rooms/{room.pk}/{part}/"


def seqs(response):
    return [message["seq"] for message in response.json()["results"]]


@pytest.mark.parametrize(
    ("query", "expected", "older", "newer"),
    [
        ("limit=3", [5, 6, 7], True, False),
        ("limit=3&before=5", [2, 3, 4], True, True),
        ("limit=3&before=3", [1, 2], False, True),
        ("limit=3&after=2", [3, 4, 5], True, True),
        ("limit=3&after=5", [6, 7], True, False),
        ("after=7", [], False, False),
        ("after=0&limit=200", [1, 2, 3, 4, 5, 6, 7], False, False),
    ],
)
def test_reads_on_and_back_by_number(signed_in, room, query, expected, older, newer):
    response = signed_in.get(f"{url_of(room)}?{query}")
    body = response.json()
    assert seqs(response) == expected
    assert (body["has_older"], body["has_newer"], body["last_seq"]) == (older, newer, 7)


@pytest.mark.parametrize(
    "query",
    ["after=1&before=2", "limit=0", "limit=201", "after=-1", "after=1e3", "before=x", "page=2"],
)
def test_takes_no_other_parameters(signed_in, room, query):
    assert signed_in.get(f"{url_of(room)}?{query}").status_code == 400


def test_a_page_costs_the_same_wherever_it_is(signed_in, room, query_budget):
    with query_budget(2):
        signed_in.get(f"{url_of(room)}?before=3")


def test_staff_say_something_once_per_key(signed_in, room):
    body = {"data": {"body": "你好"}, "content_type": "application/json"}
    key = {"Idempotency-Key": "post-1"}
    first = signed_in.post(url_of(room), **body, headers=key)
    again = signed_in.post(url_of(room), **body, headers=key)
    assert (first.status_code, first.json()["seq"]) == (201, 8)
    assert again.json() == first.json()
    assert seqs(signed_in.get(f"{url_of(room)}?after=7")) == [8]


def test_nothing_to_say_is_refused(signed_in, room):
    response = signed_in.post(url_of(room), {"body": ""}, content_type="application/json")
    assert response.status_code == 422


def test_a_read_position_is_moved(signed_in, brand, room):
    seat = MembershipFactory(brand=brand, room=room)
    body = {"member": seat.member_id, "seq": 5}
    url = url_of(room, "read-position")
    assert signed_in.put(url, body, content_type="application/json").json() == body
    response = signed_in.put(url, body | {"seq": 8}, content_type="application/json")
    assert response.status_code == 422
    response = signed_in.put(url, body | {"member": 2**40}, content_type="application/json")
    assert response.status_code == 404
    with tenant(brand.pk):
        seat.refresh_from_db()
    assert seat.read_seq == 5


def test_another_brands_room_does_not_exist(signed_in):
    assert signed_in.get(url_of(RoomFactory())).status_code == 404


@pytest.fixture
def refuser(brand, room):
    """Somebody in the room who withdrew the consent to marketing an hour ago."""
    reader = MembershipFactory(brand=brand, room=room).member
    hour_ago = timezone.now() - timedelta(hours=1)
    ConsentFactory(
        brand=brand,
        member=reader,
        purpose="marketing",
        given_at=hour_ago - timedelta(days=9),
        withdrawn_at=hour_ago,
    )
    return reader


def sent(brand, room, seq, *, is_marketing, ago=timedelta(0)):
    """A broadcast's message in the room, as the channel writes it."""
    delivery = DeliveryFactory(brand=brand, room=room, is_marketing=is_marketing)
    RoomMessageFactory(
        brand=brand,
        room=room,
        seq=seq,
        dedupe_key=key_of(delivery.broadcast_id, room.pk),
        created_at=timezone.now() - ago,
    )


def test_who_withdrew_reads_no_marketing_said_since(signed_in, brand, room, refuser):
    sent(brand, room, 8, is_marketing=True, ago=timedelta(days=1))
    sent(brand, room, 9, is_marketing=True)
    sent(brand, room, 10, is_marketing=False)
    agreeing = MembershipFactory(brand=brand, room=room).member
    with tenant(brand.pk):
        Room.objects.update(last_seq=10)
    everything = [7, 8, 9, 10]
    assert seqs(signed_in.get(f"{url_of(room)}?after=6")) == everything
    assert seqs(signed_in.get(f"{url_of(room)}?after=6&member={agreeing.pk}")) == everything
    assert seqs(signed_in.get(f"{url_of(room)}?after=6&member={refuser.pk}")) == [7, 8, 10]
    assert seqs(signed_in.get(f"{url_of(room)}?limit=2&member={refuser.pk}")) == [8, 10]


def test_a_reader_needs_a_seat(signed_in, brand, room, query_budget):
    stranger = MemberFactory(brand=brand)
    assert signed_in.get(f"{url_of(room)}?member={stranger.pk}").status_code == 404
    assert signed_in.get(f"{url_of(room)}?member=x").status_code == 400
    reader = MembershipFactory(brand=brand, room=room).member
    with query_budget(4):
        assert signed_in.get(f"{url_of(room)}?member={reader.pk}").status_code == 200
