from datetime import timedelta

import pytest
from django.utils import timezone

from events.calendar import rules
from events.calendar.rules import Move, Wording

NOW = timezone.now()


def wording(**said):
    usual = {"name": "Salon", "starts_at": NOW, "ends_at": NOW + timedelta(hours=2)}
    return Wording(**usual | said)


@pytest.mark.parametrize(
    ("state", "moves"),
    [
        ("draft", [Move.PUBLISH, Move.CANCEL]),
        ("published", [Move.CLOSE, Move.CANCEL]),
        ("done", []),
        ("cancelled", []),
    ],
)
def test_each_state_allows_its_own_moves(state, moves):
    assert rules.moves_of(state) == moves


def test_a_state_is_reached_by_moves_forward_alone():
    assert rules.leads_to("draft", "done")
    assert rules.leads_to("published", "published")
    assert not rules.leads_to("done", "published")
    assert not rules.leads_to("cancelled", "draft")


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"name": " "}, "/name"),
        ({"name": "x" * 121}, "/name"),
        ({"venue": "x" * 121}, "/venue"),
        ({"external_no": "a b"}, "/external_no"),
        ({"ends_at": NOW}, "/ends_at"),
        ({"ends_at": NOW + timedelta(days=61)}, "/ends_at"),
        ({"capacity": 0}, "/capacity"),
        ({"guests_each": 21}, "/guests_each"),
    ],
)
def test_what_cannot_be_is_named(said, pointer):
    assert [problem.pointer for problem in rules.problems_of(wording(**said))] == [pointer]


def test_a_plain_event_has_no_problem():
    assert rules.problems_of(wording(capacity=1, guests_each=20)) == []
