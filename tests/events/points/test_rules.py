from datetime import UTC, datetime, timedelta

import pytest

from events.points import rules

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
GOOD = {
    "member": 1,
    "ledger": "points",
    "kind": "earn",
    "amount": 5,
    "source": "shop",
    "source_id": "4711",
}


def read(**changes):
    return rules.read(number=1, asked=GOOD | changes, now=NOW)


def codes(**changes):
    return {(each.name, each.code) for each in read(**changes).problems}


def test_a_good_row_is_read_as_it_is():
    row = read(occurred_at="2026-11-23T10:00:00+08:00", expires_at="2027-01-01T00:00:00Z")
    assert row.problems == []
    assert row.member_id == 1
    assert row.wanted == rules.Wanted(
        "points",
        "earn",
        5,
        "shop",
        "4711",
        occurred_at=datetime(2026, 11, 23, 2, 0, tzinfo=UTC),
        expires_at=datetime(2027, 1, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"amount": 0}, "amount", "zero"),
        ({"amount": True}, "amount", "wrong_type"),
        ({"amount": "5"}, "amount", "wrong_type"),
        ({"amount": 10**9 + 1}, "amount", "too_large"),
        ({"amount": -(10**30), "kind": "spend"}, "amount", "too_large"),
        ({"amount": -5}, "amount", "wrong_sign"),
        ({"kind": "spend"}, "amount", "wrong_sign"),
        ({"kind": "expire"}, "kind", "unknown_choice"),
        ({"kind": "reverse"}, "kind", "unknown_choice"),
        ({"ledger": "gold"}, "ledger", "unknown_choice"),
        ({"ledger": "contribution", "kind": "spend", "amount": -1}, "kind", "never_spent"),
        (
            {"ledger": "contribution", "expires_at": "2027-01-01T00:00:00Z"},
            "expires_at",
            "never_expires",
        ),
        (
            {"kind": "spend", "amount": -1, "expires_at": "2027-01-01T00:00:00Z"},
            "expires_at",
            "only_gains_expire",
        ),
        ({"expires_at": "2026-11-22T00:00:00Z"}, "expires_at", "ends_before"),
        ({"expires_at": "2300-01-01T00:00:00Z"}, "expires_at", "out_of_range"),
        ({"expires_at": "2027-01-01T00:00:00"}, "expires_at", "not_a_time"),
        ({"occurred_at": "0001-01-01T00:00:00+23:00"}, "occurred_at", "not_a_time"),
        ({"occurred_at": "soon"}, "occurred_at", "not_a_time"),
        ({"occurred_at": "2026-11-23T03:06:00Z"}, "occurred_at", "in_future"),
        ({"occurred_at": "1999-12-31T00:00:00Z"}, "occurred_at", "out_of_range"),
        ({"kind": "adjust"}, "reason", "required"),
        ({"kind": "adjust", "reason": "x", "pending": True}, "pending", "only_earnings_wait"),
        ({"reason": "x" * 201}, "reason", "bad_text"),
        ({"reason": "a\0b"}, "reason", "bad_text"),
        ({"source": "Shop"}, "source", "bad_source"),
        ({"source_id": " "}, "source_id", "bad_text"),
        ({"source_id": "x" * 101}, "source_id", "bad_text"),
        ({"source_id": None}, "source_id", "required"),
        ({"member": None}, "member", "member_required"),
        ({"customer_no": "C-1"}, "member", "member_twice"),
        ({"points": 3}, "points", "unknown_field"),
    ],
)
def test_what_is_wrong_is_named_with_its_field(changes, field, code):
    assert (field, code) in codes(**changes)
    assert all(each.text for each in read(**changes).problems)


def test_another_systems_clock_may_be_a_little_ahead():
    assert codes(occurred_at="2026-11-23T03:05:00Z") == set()


def test_the_same_movement_may_leave_out_when():
    there = rules.Wanted("points", "earn", 5, "", "", occurred_at=NOW)
    assert rules.same(rules.Wanted("points", "earn", 5, "shop", "1"), there)
    later = rules.Wanted("points", "earn", 5, "shop", "1", occurred_at=NOW + timedelta(seconds=1))
    assert not rules.same(later, there)
    assert not rules.same(rules.Wanted("points", "earn", 6, "shop", "1"), there)
