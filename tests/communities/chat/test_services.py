from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from communities.chat import services
from communities.chat.models import RoomMessage
from communities.chat.services import RoomClosed
from core.audit.models import AuditEntry
from core.kernel.access import Permission, Viewer
from core.kernel.errors import Forbidden, InvalidInput, NotFound
from members.profiles.models import Member
from tests.factories.communities import CommunityFactory, MembershipFactory, RoomFactory
from tests.factories.core import DealerFactory
from tests.factories.members import MemberFactory

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)  # in Shanghai


def post(room, actor, body="你好", **options):
    return services.post_message(
        room_id=room.pk, body=body, actor=actor, now=timezone.now(), **options
    )


def test_messages_are_numbered_in_their_order(inside_brand, actor):
    room = RoomFactory(brand=inside_brand)
    assert [post(room, actor).seq for _ in range(3)] == [1, 2, 3]
    room.refresh_from_db()
    assert room.last_seq == 3
    assert AuditEntry.objects.filter(action="room.posted").count() == 3


def test_a_form_sent_twice_is_one_message(inside_brand, actor):
    room = RoomFactory(brand=inside_brand)
    first, second = (post(room, actor, once="a-form") for _ in range(2))
    assert first.pk == second.pk
    assert RoomMessage.objects.count() == 1


@pytest.mark.parametrize("body", ["", " \n ", "x" * 1001, "a\x00b", "a\x1bb"])
def test_what_cannot_be_said_is_refused(inside_brand, actor, body):
    room = RoomFactory(brand=inside_brand)
    with pytest.raises(InvalidInput):
        post(room, actor, body)
    assert not RoomMessage.objects.exists()


def test_scripts_and_rare_characters_are_kept_as_they_are(inside_brand, actor):
    body = "<script>alert(1)</script> {{7*7}} 𠮷·👨‍👩‍👧"
    assert post(RoomFactory(brand=inside_brand), actor, body).body == body


def test_an_archived_room_takes_nothing(inside_brand, actor):
    with pytest.raises(RoomClosed):
        post(RoomFactory(brand=inside_brand, state="archived"), actor)


def test_another_dealers_room_does_not_exist(inside_brand):
    mine, other = DealerFactory.create_batch(2, brand=inside_brand)
    community = CommunityFactory(brand=inside_brand, dealer=other)
    room = RoomFactory(brand=inside_brand, community=community)
    viewer = Viewer(
        brand_id=inside_brand.pk,
        label="dealer",
        permissions=frozenset({Permission.CHAT_POST}),
        dealer_ids=frozenset({mine.pk}),
    )
    with pytest.raises(NotFound):
        post(room, viewer)
    with pytest.raises(NotFound):
        services.mark_read(room_id=room.pk, member_id=1, seq=0, actor=viewer, now=timezone.now())


def test_it_takes_the_permission(inside_brand):
    viewer = Viewer(brand_id=inside_brand.pk, label="analyst")
    with pytest.raises(Forbidden):
        post(RoomFactory(brand=inside_brand), viewer)


class TestReadPosition:
    @pytest.fixture
    def seat(self, inside_brand):
        return MembershipFactory(
            brand=inside_brand, room=RoomFactory(brand=inside_brand, last_seq=9)
        )

    def mark(self, seat, seq, actor, now=NOON):
        return services.mark_read(
            room_id=seat.room_id, member_id=seat.member_id, seq=seq, actor=actor, now=now
        )

    def active_at(self, seat):
        return Member.objects.get(pk=seat.member_id).last_active_at

    def test_counts_as_activity_once_a_day(self, seat, actor, query_budget):
        self.mark(seat, 1, actor)
        assert self.active_at(seat) == NOON
        later = NOON + timedelta(hours=11, minutes=59)
        with query_budget(3):  # Room, seat, position: nothing about the member any more.
            self.mark(seat, 2, actor, later)
        assert self.active_at(seat) == NOON
        tomorrow = NOON + timedelta(hours=12)
        self.mark(seat, 3, actor, tomorrow)
        assert self.active_at(seat) == tomorrow

    def test_what_was_read_already_is_no_activity(self, seat, actor):
        self.mark(seat, 5, actor)
        with CaptureQueriesContext(connection) as asked:
            assert self.mark(seat, 5, actor, NOON + timedelta(days=3)) == 5
        assert not [each for each in asked if each["sql"].startswith("UPDATE")]
        assert self.active_at(seat) == NOON

    def test_brings_back_who_was_dormant(self, inside_brand, actor):
        member = MemberFactory(
            brand=inside_brand, stage="dormant", created_at=NOON - timedelta(days=400)
        )
        room = RoomFactory(brand=inside_brand, last_seq=9)
        seat = MembershipFactory(brand=inside_brand, room=room, member=member)
        self.mark(seat, 1, actor)
        assert Member.objects.get(pk=member.pk).stage == "prospect"

    def test_moves_up_and_never_back(self, seat, actor):
        assert [self.mark(seat, seq, actor) for seq in (4, 2, 9)] == [4, 4, 9]

    @pytest.mark.parametrize("seq", [10, -1])
    def test_never_passes_the_last_message(self, seat, actor, seq):
        with pytest.raises(InvalidInput):
            self.mark(seat, seq, actor)
        seat.refresh_from_db()
        assert seat.read_seq == 0

    def test_is_for_those_who_sit_there(self, seat, actor):
        seat.left_at = timezone.now()
        seat.save()
        with pytest.raises(NotFound):
            self.mark(seat, 1, actor)
