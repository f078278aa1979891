from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from communities.memberships.models import Membership
from core.kernel.scoping import tenant
from tests.factories.communities import CommunityFactory, MembershipFactory, RoomFactory
from tests.factories.members import ConsentFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def seat(brand):
    community = CommunityFactory(brand=brand)
    room = RoomFactory(brand=brand, community=community, number=1, name="群 1")
    return MembershipFactory(brand=brand, room=room)


def url(route, seat):
    return reverse(f"communities:memberships-{route}", args=[seat.pk])


def reload(seat):
    with tenant(seat.brand_id):
        return Membership.objects.get(pk=seat.pk)


def test_seat_says_why(signed_in, seat):
    page = signed_in.get(url("detail", seat))
    assert "群 1" in page.context["reasons"][0]


def test_role_and_room_change_together(signed_in, brand, seat):
    other = RoomFactory(brand=brand, community=seat.community, number=2)
    assert signed_in.get(url("edit", seat)).status_code == 200
    answer = signed_in.post(url("edit", seat), {"role": "admin", "room": other.pk})
    assert answer.status_code == 204
    assert (reload(seat).role, reload(seat).room_id) == ("admin", other.pk)


def test_full_room_is_not_offered(signed_in, brand, seat):
    full = RoomFactory(brand=brand, community=seat.community, number=2, cap=1, member_count=1)
    answer = signed_in.post(url("edit", seat), {"role": "member", "room": full.pk})
    assert answer.status_code == 422
    assert reload(seat).room_id == seat.room_id


def test_removal_is_asked_first_and_done_once(signed_in, seat):
    assert signed_in.get(url("remove", seat)).status_code == 200
    assert reload(seat).left_at is None
    assert signed_in.post(url("remove", seat)).status_code == 204
    assert reload(seat).left_at is not None
    assert signed_in.post(url("remove", seat)).status_code == 404


def test_who_withdrew_the_consent_to_invitations_is_marked(signed_in, brand):
    seat = MembershipFactory(brand=brand)
    ConsentFactory(
        brand=brand,
        member=seat.member,
        given_at=timezone.now() - timedelta(days=1),
        withdrawn_at=timezone.now(),
    )
    other = MembershipFactory(brand=brand, room=seat.room)
    ConsentFactory(brand=brand, member=other.member)
    for place, pk in (("communities-members", seat.community_id), ("rooms-detail", seat.room_id)):
        page = signed_in.get(reverse(f"communities:{place}", args=[pk])).content.decode()
        assert page.count("已撤回同意") == 1, place
    page = signed_in.get(reverse("communities:memberships-detail", args=[seat.pk]))
    assert "席位会保留" in page.content.decode()
