"""What every room channel promises, tried on the real ones and on the fake alike."""

import pytest

from communities.broadcasts.ports import Result, RoomPost
from communities.chat.channel import InAppChannel
from communities.rooms.models import Room
from core.kernel.scoping import tenant
from tests.contracts.fakes import FakeChannel
from tests.factories.communities import RoomFactory


@pytest.fixture(params=[InAppChannel, FakeChannel])
def channel(request, brand):
    return request.param(brand_id=brand.pk)


@pytest.fixture
def rooms(brand):
    return RoomFactory.create_batch(3, brand=brand)


def post_for(room, key=""):
    return RoomPost(key=key or f"b:1/{room.pk}", room_id=room.pk, sender_label="群英", body="你好")


def close(channel, room):
    if isinstance(channel, FakeChannel):
        channel.closed_rooms.add(room.pk)
        return
    with tenant(room.brand_id):
        Room.objects.filter(pk=room.pk).update(state="archived")


def test_a_batch_reaches_every_room(channel, rooms):
    posts = [post_for(room) for room in rooms]
    outcomes = channel.send_batch(posts)
    assert set(outcomes) == {post.key for post in posts}
    assert {outcome.state for outcome in outcomes.values()} == {Result.SENT}
    assert all(outcome.message_seq for outcome in outcomes.values())


def test_sending_again_changes_nothing_and_says_the_same(channel, rooms):
    posts = [post_for(room) for room in rooms]
    assert channel.send_batch(posts) == channel.send_batch(posts)


def test_a_batch_may_mix_old_and_new(channel, rooms):
    old, *new = [post_for(room) for room in rooms]
    first = channel.send_batch([old])
    both = channel.send_batch([*new, old])
    assert both[old.key] == first[old.key]
    assert {one.state for one in both.values()} == {Result.SENT}


def test_finds_what_arrived_and_leaves_out_what_did_not(channel, rooms):
    arrived, missing = post_for(rooms[0]), post_for(rooms[1])
    sent = channel.send_batch([arrived])
    assert channel.find([arrived.key, missing.key]) == sent


def test_a_closed_room_refuses_its_own_post_only(channel, rooms):
    close(channel, rooms[1])
    outcomes = channel.send_batch([post_for(room) for room in rooms])
    refused = outcomes[post_for(rooms[1]).key]
    assert (refused.state, refused.error) == (Result.FAILED, "room_closed")
    assert sorted(one.state for one in outcomes.values()) == ["failed", "sent", "sent"]


def test_two_posts_for_one_room_in_one_batch_are_both_sent(channel, rooms):
    outcomes = channel.send_batch([post_for(rooms[0], "a"), post_for(rooms[0], "b")])
    assert outcomes["a"].message_seq < outcomes["b"].message_seq


def test_nothing_to_send_is_no_problem(channel):
    assert channel.send_batch([]) == {}
    assert channel.find([]) == {}
