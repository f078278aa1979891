import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from communities.communities.models import Community
from communities.communities.services import CommunityClosed
from communities.memberships import services
from communities.memberships.models import Membership
from communities.rooms.models import Room
from core.kernel.errors import InvalidInput, NotFound
from tests.communities.group_building.conftest import agree
from tests.factories.communities import CommunityFactory, MembershipFactory, RoomFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def community(inside_brand):
    return CommunityFactory(brand=inside_brand, room_name_template="福利群 {n}", room_cap=2)


@pytest.fixture
def join(community, actor):
    def add(member=None, **changes):
        if member is None:
            member = MemberFactory(brand=community.brand)
            agree(member)
        return services.add_member(
            community_id=community.pk, member_id=member.pk, actor=actor, now=NOW, **changes
        )

    return add


def test_first_room_with_a_seat_then_the_next_opens_by_itself(community, join):
    assert [join().room.number for _ in range(5)] == [1, 1, 2, 2, 3]
    assert list(community.rooms.order_by("number").values_list("name", "member_count")) == [
        ("福利群 1", 2),
        ("福利群 2", 2),
        ("福利群 3", 1),
    ]


def test_freed_seat_is_given_again_before_a_new_room_opens(community, join, actor):
    first, *_ = [join() for _ in range(3)]
    services.remove_member(membership=first, actor=actor, now=NOW)
    assert join().room.number == 1
    assert community.rooms.count() == 2


def test_newcomer_reads_from_the_newest_message_on(community, join):
    RoomFactory(brand=community.brand, community=community, number=1, cap=2, last_seq=7)
    assert join().read_seq == 7


def test_nobody_gets_two_seats_in_a_community(community, join):
    seat = join()
    with pytest.raises(services.AlreadyInside) as refusal:
        join(seat.member)
    assert refusal.value.facts == {"room_id": seat.room_id}
    assert Membership.objects.count() == 1


def test_who_has_not_agreed_is_not_added(community, join):
    with pytest.raises(services.NoConsent):
        join(MemberFactory(brand=community.brand))
    assert not Membership.objects.exists()
    assert not community.rooms.exists()


def test_member_out_of_sight_does_not_exist(community, join):
    with pytest.raises(InvalidInput) as refusal:
        join(MemberFactory())
    assert refusal.value.problems[0].pointer == "/member"


def test_closed_community_takes_nobody(community, join):
    Community.objects.update(state="closing")
    with pytest.raises(CommunityClosed):
        join()


def test_move_takes_a_seat_and_frees_one(community, join, actor):
    seats = [join() for _ in range(3)]
    other = seats[2].room
    moved = services.move_member(membership=seats[0], room_id=other.pk, actor=actor, now=NOW)
    assert moved.room_id == other.pk
    assert list(community.rooms.order_by("number").values_list("member_count", flat=True)) == [1, 2]


def test_full_room_takes_nobody_from_another(community, join, actor):
    seats = [join() for _ in range(3)]
    with pytest.raises(services.RoomFull):
        services.move_member(membership=seats[2], room_id=seats[0].room_id, actor=actor, now=NOW)
    assert Membership.objects.get(pk=seats[2].pk).room_id == seats[2].room_id


def test_room_of_another_community_is_no_place_to_move_to(community, join, actor):
    elsewhere = RoomFactory(brand=community.brand)
    with pytest.raises(NotFound):
        services.move_member(membership=join(), room_id=elsewhere.pk, actor=actor, now=NOW)


def test_role_changes_and_unknown_roles_are_refused(community, join, actor):
    seat = join()
    services.change_role(membership=seat, role="admin", actor=actor, now=NOW)
    assert Membership.objects.get().role == "admin"
    with pytest.raises(InvalidInput):
        services.change_role(membership=seat, role="king", actor=actor, now=NOW)


def test_removed_once_is_removed(community, join, actor):
    seat = join()
    services.remove_member(membership=seat, actor=actor, now=NOW)
    with pytest.raises(NotFound):
        services.remove_member(membership=seat, actor=actor, now=NOW)
    assert Room.objects.get().member_count == 0


def test_dissolving_frees_every_seat_and_keeps_the_history(community, join, actor):
    for _ in range(3):
        join()
    with pytest.raises(InvalidInput):
        services.archive_community(community=community, typed_name="x", actor=actor, now=NOW)
    people = services.archive_community(
        community=community, typed_name=community.name, actor=actor, now=NOW
    )
    assert people == 3
    community.refresh_from_db()
    assert (community.state, community.archived_at) == ("archived", NOW)
    assert list(community.rooms.values_list("state", "member_count").distinct()) == [
        ("archived", 0)
    ]
    assert Membership.objects.filter(left_at=NOW).count() == 3


def test_database_refuses_to_overfill_a_room_whatever_the_code_does(community):
    room = RoomFactory(brand=community.brand, community=community, number=1, cap=1)
    MembershipFactory(brand=community.brand, room=room)
    with pytest.raises(IntegrityError, match="within_cap"), transaction.atomic():
        MembershipFactory(brand=community.brand, room=room)


def test_database_refuses_a_seat_in_a_room_of_another_community(community):
    stranger = RoomFactory(brand=community.brand)
    with pytest.raises(IntegrityError, match="seat_tie"), transaction.atomic():
        MembershipFactory(brand=community.brand, room=stranger, community=community)
