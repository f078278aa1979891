import pytest
from django.urls import reverse
from django.utils import timezone

from communities.communities.models import Community
from communities.memberships.models import Membership
from communities.policies.services import install_default_policies
from communities.rooms.models import Room
from core.kernel.scoping import tenant
from tests.communities.group_building.conftest import agree
from tests.factories.communities import CommunityFactory, RoomFactory
from tests.factories.core import DealerFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def policies(brand, actor):
    with tenant(brand.pk):
        install_default_policies(brand=brand, actor=actor, now=timezone.now())


@pytest.fixture
def community(brand, policies):
    made = CommunityFactory(brand=brand, name="福利群", dealer=DealerFactory(brand=brand))
    RoomFactory(brand=brand, community=made, number=1, name="福利群 1")
    return made


def url(route, *args):
    return reverse(f"communities:{route}", args=args)


def rows_of(brand, model, **filters):
    with tenant(brand.pk):
        return list(model.objects.filter(**filters).order_by("pk"))


def test_list_needs_the_same_queries_for_one_and_for_many(signed_in, brand, policies, query_budget):
    for number in range(6):
        community = CommunityFactory(brand=brand, dealer=DealerFactory(brand=brand))
        RoomFactory(brand=brand, community=community, number=number + 1)
    with query_budget(6):
        page = signed_in.get(url("communities-list"))
    assert len(page.context["rows"]) == 6


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("kind=service", ["A"]),
        ("kind=core", ["B"]),
        ("state=archived", ["C"]),
        ("q=B", ["B"]),
        ("q=%25", []),
        ("dealer=滨江", ["A"]),
        ("near_cap=on", ["A"]),
        ("kind=party", []),
    ],
)
def test_filters_narrow_the_list(signed_in, brand, policies, query, found):
    dealer = DealerFactory(brand=brand, name="杭州滨江店")
    full = CommunityFactory(brand=brand, name="A", dealer=dealer)
    RoomFactory(brand=brand, community=full, number=1, cap=10, member_count=8)
    CommunityFactory(brand=brand, name="B", kind="core")
    CommunityFactory(brand=brand, name="C", state="archived")
    page = signed_in.get(f"{url('communities-list')}?{query}")
    assert [row.name for row in page.context["rows"]] == found


def test_new_community_opens_with_its_first_room(signed_in, brand, policies):
    answer = signed_in.post(url("communities-new"), {"kind": "service", "name": "新群"})
    [community] = rows_of(brand, Community)
    assert answer.url == url("communities-detail", community.pk)
    assert [room.name for room in rows_of(brand, Room)] == ["新群 1"]


def test_flash_is_named_after_its_event_and_says_when_it_ends(signed_in, brand, policies):
    body = {"kind": "flash", "event": "试驾之夜", "starts_at": "2199-11-28T19:00"}
    answer = signed_in.post(url("communities-new"), body)
    assert "ends_at" in answer.context["form"].errors
    signed_in.post(url("communities-new"), body | {"ends_at": "2199-11-28T21:00"})
    [community] = rows_of(brand, Community)
    assert community.name == "11月28日19点 试驾之夜"
    page = signed_in.get(url("communities-detail", community.pk)).content.decode()
    assert "2199-11-28 21:00" in page
    assert "随活动结束，24 小时后关闭" in page


def test_closing_community_says_what_that_means_and_can_be_dissolved(signed_in, brand, community):
    with tenant(brand.pk):
        Community.objects.update(state="closing")
    page = signed_in.get(url("communities-detail", community.pk)).content.decode()
    assert "不再接收成员和群发" in page
    assert url("communities-archive", community.pk) in page
    assert url("memberships-add", community.pk) not in page
    answer = signed_in.post(url("communities-archive", community.pk), {"must": "福利群"})
    assert answer.status_code == 302


def test_unknown_city_is_told_beside_the_field(signed_in, brand, policies):
    answer = signed_in.post(url("communities-new"), {"kind": "service", "city": "亚特兰蒂斯"})
    assert answer.status_code == 422
    assert "city" in answer.context["form"].errors
    assert rows_of(brand, Community) == []


@pytest.mark.parametrize(
    "route",
    [
        "communities-detail",
        "communities-members",
        "communities-policy",
        "communities-builds",
        "communities-audit",
        "communities-edit",
        "communities-archive",
        "rooms-open",
        "memberships-add",
    ],
)
def test_every_page_of_a_community_opens(signed_in, community, query_budget, route):
    with query_budget(12):
        assert signed_in.get(url(route, community.pk)).status_code == 200


def test_edit_renames_its_open_rooms_too(signed_in, brand, community):
    answer = signed_in.post(
        url("communities-edit", community.pk),
        {"name": "新名", "room_cap": 200, "version": 1, "rename_rooms": "on"},
    )
    assert answer.status_code == 302
    assert [room.name for room in rows_of(brand, Room)] == ["新名 1"]


def test_dissolving_asks_for_the_name(signed_in, brand, community):
    address = url("communities-archive", community.pk)
    assert signed_in.post(address, {"must": "other"}).status_code == 422
    assert rows_of(brand, Community)[0].state == "active"
    assert signed_in.post(address, {"must": "福利群"}).status_code == 302
    assert rows_of(brand, Community)[0].state == "archived"


def test_next_room_by_hand(signed_in, brand, community):
    assert signed_in.post(url("rooms-open", community.pk)).status_code == 302
    assert [room.number for room in rows_of(brand, Room)] == [1, 2]


def test_member_is_found_and_added(signed_in, brand, community):
    member = MemberFactory(brand=brand, display_name="王小明")
    agree(member)
    address = url("memberships-add", community.pk)
    assert member in signed_in.get(f"{address}?q=王").context["hits"]
    answer = signed_in.post(address, {"member": member.pk, "role": "member"})
    assert answer.status_code == 204
    [seat] = rows_of(brand, Membership)
    assert seat.member_id == member.pk


def test_who_has_not_agreed_stays_out_with_the_reason(signed_in, brand, community):
    member = MemberFactory(brand=brand)
    answer = signed_in.post(
        url("memberships-add", community.pk), {"member": member.pk, "role": "member"}
    )
    assert answer.status_code == 422
    assert answer.context["form"].non_field_errors()
    assert rows_of(brand, Membership) == []
