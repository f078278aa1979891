import pytest
from django.urls import reverse

from tests.factories.communities import MembershipFactory, RoomFactory

pytestmark = pytest.mark.django_db


def test_room_shows_its_people_whatever_their_number(signed_in, brand, query_budget):
    room = RoomFactory(brand=brand)
    for role in ("owner", "member", "member", "member"):
        MembershipFactory(brand=brand, room=room, role=role)
    with query_budget(5):
        page = signed_in.get(reverse("communities:rooms-detail", args=[room.pk]))
    assert (len(page.context["rows"]), len(page.context["leaders"])) == (4, 1)


def test_room_of_nobody_does_not_exist(signed_in):
    assert signed_in.get(reverse("communities:rooms-detail", args=[1])).status_code == 404
