from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from events.registrations import rules
from events.registrations.rules import Asked, Hall, Place, Refusal, State

NOW = timezone.now()
LATER = NOW + timedelta(hours=5)
HALL = Hall("published", NOW + timedelta(hours=3), LATER, 10, 2, 0)
HELD = Place(State.REGISTERED, 1, NOW - timedelta(days=1))
CAME = replace(HELD, state=State.CHECKED_IN, checked_in_at=NOW)
GONE = replace(HELD, state=State.CANCELLED, cancelled_at=NOW)


def asked(state, **more):
    return Asked(State(state), **{"at": NOW, "now": NOW} | more)


def hall(**changes):
    return replace(HALL, **changes)


def test_somebody_new_registers_comes_and_takes_places_with_guests():
    found = rules.judge(hall(), None, asked("registered", guests=2))
    assert found == Place(State.REGISTERED, 2, NOW)
    room = hall()
    rules.enter(room, None, found)
    assert room.taken == 3
    came = rules.judge(room, found, asked("checked_in"))
    assert (came.state, came.checked_in_at, came.guests) == ("checked_in", NOW, 2)
    rules.enter(room, found, came)
    assert room.taken == 3


def test_who_comes_unannounced_takes_a_place_at_the_door():
    found = rules.judge(hall(), None, asked("checked_in"))
    assert found == Place(State.CHECKED_IN, 0, NOW, NOW)


def test_who_called_off_comes_after_all_without_the_guests_of_before():
    assert rules.judge(hall(), GONE, asked("checked_in")) == Place(State.CHECKED_IN, 0, NOW, NOW)


@pytest.mark.parametrize(
    ("held", "state"),
    [(HELD, "registered"), (CAME, "checked_in"), (CAME, "registered"), (GONE, "cancelled")],
)
def test_what_is_so_already_is_no_change(held, state):
    full = hall(taken=10, state="cancelled")
    assert rules.judge(full, held, asked(state)) == held


@pytest.mark.parametrize(
    ("room", "held", "wish", "refusal"),
    [
        (hall(state="draft"), None, asked("registered"), Refusal.CLOSED),
        (hall(state="cancelled"), HELD, asked("checked_in"), Refusal.CLOSED),
        (hall(ends_at=NOW - timedelta(hours=1)), None, asked("registered"), Refusal.OVER),
        (hall(taken=10), None, asked("registered"), Refusal.FULL),
        (hall(), HELD, asked("checked_in", at=NOW - timedelta(hours=22)), Refusal.EARLY),
        (hall(taken=9), None, asked("registered", guests=1), Refusal.FULL),
        (hall(taken=10), GONE, asked("registered"), Refusal.FULL),
        (hall(), None, asked("registered", guests=3), Refusal.GUESTS),
        (hall(), None, asked("cancelled"), Refusal.MISSING),
        (hall(), CAME, asked("cancelled"), Refusal.CAME),
        (hall(), None, asked("registered", at=NOW + timedelta(minutes=6)), Refusal.FUTURE),
    ],
)
def test_what_cannot_be_has_its_reason(room, held, wish, refusal):
    assert rules.judge(room, held, wish) == refusal


def test_who_registered_comes_to_a_full_event_and_after_its_end():
    over = hall(taken=10, state="done", ends_at=NOW - timedelta(hours=1))
    assert rules.judge(over, HELD, asked("checked_in")).state == "checked_in"


def test_calling_off_needs_no_open_event():
    assert rules.judge(hall(state="cancelled"), HELD, asked("cancelled")).people == 0


def test_an_earlier_word_does_not_bring_back_who_called_off_since():
    yesterday = NOW - timedelta(days=1)
    assert rules.judge(hall(), GONE, asked("registered", at=yesterday, guests=2)) is GONE
    back = rules.judge(hall(), GONE, asked("registered", at=NOW + timedelta(minutes=1)))
    assert back.state == State.REGISTERED


def test_an_earlier_word_does_not_change_who_comes_along():
    before = HELD.registered_at - timedelta(hours=1)
    assert rules.judge(hall(), HELD, asked("registered", at=before, guests=0)) is HELD
    assert rules.judge(hall(), CAME, asked("checked_in", at=before, guests=0)) is CAME
    assert rules.judge(hall(), HELD, asked("registered", guests=0)).guests == 0


def test_a_closed_event_takes_nobody_new_but_is_told_who_was_there():
    closed = hall(state="done", starts_at=NOW - timedelta(hours=2))
    assert rules.judge(closed, None, asked("registered")) == Refusal.OVER
    assert rules.judge(closed, None, asked("checked_in")).state == State.CHECKED_IN
    told = rules.judge(closed, None, asked("registered", at=NOW - timedelta(hours=1)))
    assert told.state == State.REGISTERED
