import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.timeline.rules import EPOCH, MOST, BadCursor, Before, Position, key_of, position_of

SECONDS = st.integers(-(10**9), 4 * 10**9)
MOMENTS = st.builds(
    lambda seconds, micro: EPOCH + timedelta(seconds=seconds, microseconds=micro),
    SECONDS,
    st.integers(0, 999_999),
)


@given(at=MOMENTS, kind=st.text(max_size=20), key=st.integers(-1, MOST))
def test_a_cursor_leads_back_to_its_place(at, kind, key):
    place = Position(at, kind, key)
    assert position_of(place.as_cursor()) == place


def made(*parts):
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%%%",
        "陈",
        "e30",
        made(1, "order"),
        made(1, "order", "2"),
        made(True, "order", 2),
        made(1, 3, 2),
        made(1, "order", 2**64),
        made(10**30, "order", 1),
        made(-(10**17), "order", 1),
        made(1.5, "order", 1),
        "[" * 5000,
    ],
)
def test_what_was_not_given_out_is_refused(cursor):
    with pytest.raises(BadCursor):
        position_of(cursor)


@given(number=st.integers(0, 2), key=st.integers(-1, 400), pk=st.integers(1, 100))
def test_streams_of_one_kind_end_where_the_kind_ends(number, key, pk):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    mine = Before(at, key).stream(number, 3)
    assert (pk < mine.key) == (key_of(pk, number, 3) < key)


def test_at_one_moment_kinds_follow_their_names():
    at = datetime(2026, 1, 1, tzinfo=UTC)
    place = Position(at, "order", 5)
    assert place.seen_by("order") == Before(at, 5)
    assert place.seen_by("audit") == Before(at, MOST)  # a smaller name comes later
    assert place.seen_by("tag") == Before(at, -1)  # a larger one came already
