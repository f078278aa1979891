"""What the list of members shows of the rooms somebody sits in."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from communities.memberships import selectors
from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from tests.factories.communities import CommunityFactory, MembershipFactory, RoomFactory
from tests.factories.core import DealerFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db


def seated(brand, member, name, dealer=None, **fields):
    community = CommunityFactory(brand=brand, dealer=dealer)
    room = RoomFactory(brand=brand, community=community, name=name)
    MembershipFactory(brand=brand, room=room, community=community, member=member, **fields)
    return room


def test_rooms_come_by_member_the_last_joined_first(brand, query_budget):
    one, two, nobody = (MemberFactory(brand=brand) for _n in range(3))
    seated(brand, one, "旧群", joined_at=timezone.now() - timedelta(days=9))
    new = seated(brand, one, "新群")
    seated(brand, two, "退出的群", left_at=timezone.now())
    ids = [one.pk, two.pk, nobody.pk]
    with tenant(brand.pk), query_budget(1):
        found = selectors.rooms_of_members(ids=ids, viewer=system_viewer(brand.pk))
    assert {pk: [name for name, _url in rooms] for pk, rooms in found.items()} == {
        one.pk: ["新群", "旧群"]
    }
    assert found[one.pk][0][1] == reverse("communities:rooms-detail", args=[new.pk])


def test_a_dealers_people_see_the_rooms_of_their_own(brand):
    dealer, member = DealerFactory(brand=brand), MemberFactory(brand=brand)
    seated(brand, member, "自家群", dealer=dealer)
    seated(brand, member, "别家群", dealer=DealerFactory(brand=brand))
    viewer = replace(system_viewer(brand.pk), dealer_ids=frozenset({dealer.pk}))
    with tenant(brand.pk):
        found = selectors.rooms_of_members(ids=[member.pk], viewer=viewer)
    assert [name for name, _url in found[member.pk]] == ["自家群"]


def test_the_list_of_members_shows_them(signed_in, brand):
    seated(brand, MemberFactory(brand=brand), "滨江夜骑 1 群")
    assert "滨江夜骑 1 群" in signed_in.get(reverse("members:members-list")).text


def test_people_of_a_community_are_found_among_many_of_the_name(inside_brand, actor):
    seat = MembershipFactory(brand=inside_brand, member__display_name="王最后")
    MemberFactory.create_batch(60, brand=inside_brand, display_name="王一一")
    found = selectors.seats_in(viewer=actor, community_id=seat.community_id, typed="王")
    assert list(found) == [seat]


@pytest.mark.parametrize("typed", ["José", "Jose\u0301", "C00１", "C001"])
def test_38_and_41_people_are_found_however_it_is_written(inside_brand, actor, typed):
    member = MemberFactory(brand=inside_brand, display_name="José", customer_no="C001")
    assert selectors.find_members(typed=typed, viewer=actor) == [member]
