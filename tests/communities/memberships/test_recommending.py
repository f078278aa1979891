import pytest

from communities.memberships.recommending import recommend
from members.lifecycle.ports import Circle, recommended
from tests.factories.communities import CommunityFactory, MembershipFactory, RoomFactory
from tests.factories.core import CityFactory, DealerFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def dealer(inside_brand):
    return DealerFactory(brand=inside_brand)


@pytest.fixture
def member(inside_brand, dealer):
    return MemberFactory(
        brand=inside_brand, home_dealer=dealer, city=dealer.city, stage="introduction"
    )


def make(brand, name, **fields):
    community = CommunityFactory(brand=brand, name=name, **fields)
    room = RoomFactory(brand=brand, community=community)
    return community, room


def names(member, circle, actor):
    return [one.name for one in recommend(member=member, circle=circle, viewer=actor)]


def test_each_circle_means_its_communities(inside_brand, member, dealer, actor):
    make(inside_brand, "city", city=dealer.city)
    make(inside_brand, "dealer", dealer=dealer)
    make(inside_brand, "elsewhere", city=CityFactory(code="3101", name="上海市"))
    make(inside_brand, "other dealer", dealer=DealerFactory(brand=inside_brand))
    make(inside_brand, "camping", topic="露营")
    make(inside_brand, "council", kind="core")
    make(inside_brand, "sale", kind="conversion", dealer=dealer)
    assert names(member, Circle.REGIONAL, actor) == ["dealer", "city"]
    assert names(member, Circle.INTEREST, actor) == ["camping"]
    assert names(member, Circle.THINK_TANK, actor) == ["council"]


def test_only_open_ones_and_those_one_is_in(inside_brand, member, dealer, actor):
    full, room = make(inside_brand, "full", dealer=dealer)
    type(room).objects.filter(pk=room.pk).update(cap=1)
    MembershipFactory(brand=inside_brand, community=full, room=room)
    make(inside_brand, "closing", dealer=dealer, state="closing")
    assert names(member, Circle.REGIONAL, actor) == []
    mine, room = make(inside_brand, "mine", city=dealer.city)
    make(inside_brand, "free", dealer=dealer)
    MembershipFactory(brand=inside_brand, community=mine, room=room, member=member)
    found = recommend(member=member, circle=Circle.REGIONAL, viewer=actor)
    assert [(one.name, one.is_in) for one in found] == [("mine", True), ("free", False)]


def test_the_stage_decides(inside_brand, member, dealer, actor):
    make(inside_brand, "dealer", dealer=dealer)
    assert [one.name for one in recommended(member=member, viewer=actor)] == ["dealer"]
    member.stage = "dormant"
    assert recommended(member=member, viewer=actor) == ()
