import pytest
from django.utils import timezone

from communities.communities import selectors, services
from communities.communities.models import Community
from communities.communities.services import Wanted
from communities.policies.services import change_policy, install_default_policies
from communities.rooms import services as rooms
from core.kernel.access import Permission, Viewer
from core.kernel.errors import InvalidInput, NotFound, StaleVersion
from tests.factories.communities import CommunityFactory, RoomFactory
from tests.factories.core import CityFactory, DealerFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def policies(inside_brand, actor):
    install_default_policies(brand=inside_brand, actor=actor, now=NOW)


def dealers_manager(brand, *dealers):
    return Viewer(
        brand_id=brand.pk,
        label="Manager",
        staff_id=1,
        permissions=frozenset({Permission.COMMUNITIES_EDIT, Permission.COMMUNITIES_VIEW}),
        dealer_ids=frozenset(dealer.pk for dealer in dealers),
    )


def test_name_and_seats_come_from_the_policy(policies, brand, actor):
    dealer = DealerFactory(brand=brand, name="滨江店", city=CityFactory())
    community = rooms.open_community(
        wanted=Wanted(kind="service", dealer_id=dealer.pk, topic="充电"), actor=actor, now=NOW
    )
    assert (community.name, community.room_cap, community.city_id) == (
        "杭州滨江店·充电交流群",
        200,
        "3301",
    )
    assert list(community.rooms.values_list("number", "name", "cap")) == [
        (1, "杭州滨江店·充电交流群 1", 200)
    ]


def test_new_policy_binds_new_communities_only(policies, actor):
    old = services.create_community(wanted=Wanted(kind="core", name="A"), actor=actor, now=NOW)
    change_policy(kind="core", changes={"room_cap": 30}, policy_version=1, actor=actor, now=NOW)
    new = services.create_community(wanted=Wanted(kind="core", name="B"), actor=actor, now=NOW)
    assert (Community.objects.get(pk=old.pk).room_cap, new.room_cap) == (50, 30)


def test_renaming_names_later_rooms_and_the_open_ones_on_request(policies, actor):
    community = rooms.open_community(
        wanted=Wanted(kind="service", name="旧名"), actor=actor, now=NOW
    )
    changed = services.edit_community(
        community=community,
        name="新名",
        topic="",
        room_cap=9,
        ends_at=None,
        version=1,
        actor=actor,
        now=NOW,
    )
    assert community.rooms.get().name == "旧名 1"
    assert rooms.rename_rooms(community=changed, actor=actor, now=NOW) == 1
    rooms.open_next_room(community_id=community.pk, actor=actor, now=NOW)
    assert list(community.rooms.order_by("number").values_list("name", "cap")) == [
        ("新名 1", 200),
        ("新名 2", 9),
    ]


def test_stale_edit_is_refused_and_nothing_is_lost(policies, actor):
    community = rooms.open_community(wanted=Wanted(kind="service", name="A"), actor=actor, now=NOW)
    edit = {"topic": "", "room_cap": 200, "ends_at": None, "actor": actor, "now": NOW}
    edit["community"] = community
    services.edit_community(name="B", version=1, **edit)
    with pytest.raises(StaleVersion):
        services.edit_community(name="C", version=1, **edit)
    assert Community.objects.get().name == "B"


@pytest.mark.parametrize(
    ("wanted", "pointer"),
    [
        (Wanted(kind="party"), "/kind"),
        (Wanted(kind="service", name="x" * 121), "/name"),
        (Wanted(kind="service", name="A", topic="x" * 41), "/topic"),
        (Wanted(kind="service", name="A", room_cap=1), "/room_cap"),
        (Wanted(kind="service", name="A", dealer_id=0), "/dealer"),
        (Wanted(kind="service", name="A", city_code="0000"), "/city"),
    ],
)
def test_values_that_make_no_sense_are_refused_by_field(policies, actor, wanted, pointer):
    with pytest.raises(InvalidInput) as refusal:
        services.create_community(wanted=wanted, actor=actor, now=NOW)
    assert [problem.pointer for problem in refusal.value.problems] == [pointer]
    assert not Community.objects.exists()


def test_dealers_people_create_and_change_for_their_dealer_only(policies, brand, actor):
    mine, other = DealerFactory(brand=brand), DealerFactory(brand=brand)
    manager = dealers_manager(brand, mine)
    for dealer_id in (None, other.pk):
        with pytest.raises(InvalidInput):
            services.create_community(
                wanted=Wanted(kind="service", name="A", dealer_id=dealer_id),
                actor=manager,
                now=NOW,
            )
    theirs = CommunityFactory(brand=brand, dealer=other)
    with pytest.raises(NotFound):
        services.lock_community(community_id=theirs.pk, actor=manager)


def test_list_tells_people_and_seats_of_open_rooms(inside_brand, actor):
    community = CommunityFactory(brand=inside_brand)
    for number, taken in ((1, 200), (2, 40)):
        RoomFactory(
            brand=inside_brand, community=community, number=number, cap=200, member_count=taken
        )
    RoomFactory(brand=inside_brand, community=community, number=3, state="archived")
    row = selectors.listed(viewer=actor).get()
    assert (row.people, row.seats, row.open_rooms) == (240, 400, 2)


MIXED = "Сlub"  # its first letter is Cyrillic


@pytest.mark.parametrize("field", ["name", "topic"])
def test_names_that_mix_alphabets_are_refused_by_their_field(policies, brand, actor, field):
    with pytest.raises(InvalidInput) as refusal:
        rooms.open_community(wanted=Wanted(kind="service", **{field: MIXED}), actor=actor, now=NOW)
    assert [(p.pointer, p.code) for p in refusal.value.problems] == [
        (f"/{field}", "mixed_alphabets")
    ]
    held = CommunityFactory(brand=brand, name="Club", topic="x")
    told = {"name": held.name, "topic": held.topic, "room_cap": 200, "ends_at": None}
    told |= {field: MIXED}
    with pytest.raises(InvalidInput):
        services.edit_community(community=held, **told, version=held.version, actor=actor, now=NOW)
