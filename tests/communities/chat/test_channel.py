import threading

import pytest
from django.db import connection

from communities.broadcasts.ports import RoomPost
from communities.chat import channel as in_app
from communities.chat.channel import InAppChannel
from communities.chat.models import RoomMessage
from communities.rooms.models import Room
from core.kernel.scoping import tenant
from tests.factories.communities import RoomFactory, RoomMessageFactory


def post_for(room, key):
    return RoomPost(
        key=key, room_id=room.pk, sender_label="群英", body=f"{key} 你好", link="https://a.cn"
    )


def test_a_post_becomes_the_rooms_next_message(inside_brand):
    room = RoomFactory(brand=inside_brand, last_seq=4)
    sent = InAppChannel(brand_id=inside_brand.pk).send_batch([post_for(room, "x")])
    message = RoomMessage.objects.get()
    assert (message.seq, message.sender_label, message.body) == (5, "群英", "x 你好")
    assert sent["x"].message_seq == 5
    room.refresh_from_db()
    assert room.last_seq == 5


def test_a_repeated_post_leaves_no_gap_in_the_numbers(inside_brand):
    rooms = RoomFactory.create_batch(3, brand=inside_brand)
    channel = InAppChannel(brand_id=inside_brand.pk)
    for _ in range(2):
        channel.send_batch([post_for(room, f"x{room.pk}") for room in rooms])
    channel.send_batch([post_for(rooms[0], "y")])
    assert list(Room.objects.order_by("pk").values_list("last_seq", flat=True)) == [2, 1, 1]


def test_another_brands_room_is_out_of_reach(inside_brand):
    foreign = RoomFactory()
    sent = InAppChannel(brand_id=inside_brand.pk).send_batch([post_for(foreign, "x")])
    assert sent["x"].error == "room_closed"
    assert not RoomMessage.objects.exists()


def test_a_batch_costs_two_statements_however_large(inside_brand, django_assert_num_queries):
    rooms = RoomFactory.create_batch(20, brand=inside_brand)
    channel = InAppChannel(brand_id=inside_brand.pk)
    with django_assert_num_queries(2 + 5):  # a savepoint and the tenant, there and back
        channel.send_batch([post_for(room, f"x{room.pk}") for room in rooms])


def rivals_send(brand, room, key="same"):
    """Two workers with the same post, the second of which starts while the first has the lock."""
    locked, go_on, done = threading.Event(), threading.Event(), threading.Event()
    errors = []

    def first():
        try:
            with tenant(brand.pk):
                InAppChannel(brand_id=brand.pk).send_batch([post_for(room, key)])
                locked.set()
                go_on.wait(10)
        finally:
            connection.close()

    def second():
        try:
            locked.wait(10)
            InAppChannel(brand_id=brand.pk).send_batch([post_for(room, key)])
        except Exception as error:
            errors.append(error)
        finally:
            done.set()
            connection.close()

    threads = [threading.Thread(target=work) for work in (first, second)]
    for thread in threads:
        thread.start()
    locked.wait(10)
    finished_early = done.wait(0.5)
    go_on.set()
    for thread in threads:
        thread.join()
    with tenant(brand.pk):
        return finished_early, errors, list(RoomMessage.objects.values_list("seq", flat=True))


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_the_same_post_leave_one_message_and_no_gap(brand):
    room = RoomFactory(brand=brand)
    waited_not, errors, seqs = rivals_send(brand, room)
    assert (waited_not, errors, seqs) == (False, [], [1])
    with tenant(brand.pk):
        room.refresh_from_db()
    assert room.last_seq == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_in_its_own_statement_they_would_collide(brand, monkeypatch):
    """The negative control: then only the unique constraint is left to stop the second."""
    monkeypatch.setattr(in_app, "LOCK_ROOMS", "SELECT 1")
    room = RoomFactory(brand=brand)
    _, errors, _ = rivals_send(brand, room)
    assert len(errors) == 1


def test_the_database_itself_refuses_a_second_message_under_one_key(inside_brand):
    from django.db import IntegrityError

    room = RoomFactory(brand=inside_brand)
    RoomMessageFactory(brand=inside_brand, room=room, dedupe_key="x", seq=1)
    with pytest.raises(IntegrityError):
        RoomMessageFactory(brand=inside_brand, room=room, dedupe_key="x", seq=2)
