import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from communities.chat.models import RoomMessage
from core.kernel.scoping import tenant
from tests.factories.communities import MembershipFactory, RoomFactory, RoomMessageFactory
from tests.factories.core import RoleGrantFactory, StaffFactory

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def room(brand):
    """Sixty messages over two days."""
    room = RoomFactory(brand=brand, last_seq=60)
    for seq in range(1, 61):
        at = timezone.now() - timedelta(days=1 if seq <= 30 else 0)
        RoomMessageFactory(brand=brand, room=room, seq=seq, body=f"说 {seq}", created_at=at)
    return room


def url_of(room, part=""):
    return f"/communities/rooms/{room.pk}/chat/{part}"


def seqs(response):
    return [said.message.seq for said in response.context["days"] or ()]


def test_shows_the_newest_under_their_days(signed_in, room):
    response = signed_in.get(url_of(room))
    feed = response.context["feed"]
    assert (feed.messages[0].seq, feed.messages[-1].seq, feed.has_older) == (21, 60, True)
    assert response.content.decode().count('class="sys"') == 2


def test_costs_the_same_however_much_was_said(signed_in, room, query_budget):
    with query_budget(4):
        signed_in.get(url_of(room))


def test_tells_who_is_behind(signed_in, brand, room):
    MembershipFactory(brand=brand, room=room, read_seq=60)
    MembershipFactory(brand=brand, room=room, read_seq=3)
    read = signed_in.get(url_of(room)).context["read"]
    assert (read.people, read.up_to_date, read.behind) == (2, 1, 1)


def test_older_messages_come_on_request(signed_in, room):
    response = signed_in.get(url_of(room, "older/?before=21"), headers=HTMX)
    assert seqs(response) == list(range(1, 21))
    assert not response.context["feed"].has_older


def test_newer_ones_are_asked_for(signed_in, room):
    response = signed_in.get(url_of(room, "newer/?after=58"), headers=HTMX)
    assert (seqs(response), response.context["last"]) == ([59, 60], 60)
    assert "after=60" in response.content.decode()


def test_nonsense_numbers_show_the_newest(signed_in, room):
    assert signed_in.get(url_of(room, "older/?before=x")).status_code == 200


def said_in(room):
    with tenant(room.brand_id):
        return RoomMessage.objects.filter(room=room, seq__gt=60).count()


def test_a_message_is_sent_once(signed_in, room):
    form = {"body": "你好", "once": str(uuid.uuid4())}
    for _ in range(2):
        response = signed_in.post(url_of(room, "post/"), form, headers=HTMX)
        assert response["HX-Trigger"] == "room-posted"
    assert said_in(room) == 1


def test_works_as_a_plain_form(signed_in, room):
    form = {"body": "你好", "once": str(uuid.uuid4())}
    assert signed_in.post(url_of(room, "post/"), form)["Location"] == url_of(room)


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_refused_message_is_kept_in_the_box(signed_in, room, headers):
    form = {"body": "x" * 1001, "once": str(uuid.uuid4())}
    response = signed_in.post(url_of(room, "post/"), form, headers=headers)
    assert response.status_code == 422
    assert "x" * 1001 in response.content.decode()
    assert said_in(room) == 0


def test_an_archived_room_can_only_be_read(signed_in, brand):
    room = RoomFactory(brand=brand, state="archived")
    assert "post-form" not in signed_in.get(url_of(room)).content.decode()
    form = {"body": "你好", "once": str(uuid.uuid4())}
    assert signed_in.post(url_of(room, "post/"), form, headers=HTMX).status_code == 422


def test_who_may_only_look_cannot_write(client, brand, room):
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role="analyst")
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    assert "post-form" not in client.get(url_of(room)).content.decode()
    assert client.post(url_of(room, "post/"), {"body": "x"}).status_code == 403
