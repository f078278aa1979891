from datetime import UTC, date, datetime, timedelta

import pytest

from members.lifecycle import rules
from members.lifecycle.rules import Facts, Move, Reason, Terms

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)  # 11:00 in Shanghai
TODAY = date(2026, 11, 23)
TERMS = Terms()


def ago(days):
    return NOW - timedelta(days=days)


def facts(stage, *, car=None, orders=0, sign=0, said=None, held=True, before=None):
    """Days ago, where something is a day."""
    return Facts(
        stage=stage,
        first_delivery=None if car is None else TODAY - timedelta(days=car),
        orders=orders,
        last_sign=ago(sign),
        said_at=None if said is None else ago(said),
        is_held=held and said is not None,
        stage_before=before,
    )


@pytest.mark.parametrize(
    ("known", "to_stage", "reason"),
    [
        # Getting on
        (facts("prospect"), None, None),
        (facts("prospect", car=0), "introduction", Reason.DELIVERED),
        (facts("introduction", car=90), None, None),
        (facts("introduction", car=91), "growth", Reason.INTRODUCTION_OVER),
        (facts("growth", car=365, orders=1), None, None),
        (facts("growth", car=364, orders=9), None, None),
        (facts("growth", car=365, orders=2), "mature", Reason.MATURED),
        (facts("prospect", car=400, orders=2), "mature", Reason.MATURED),
        # Nothing is taken back
        (facts("mature", car=10), None, None),
        (facts("growth"), None, None),
        # Falling silent, from anywhere
        (facts("prospect", sign=89), None, None),
        (facts("prospect", sign=90), "dormant", Reason.DORMANT),
        (facts("mature", car=800, sign=179), "dormant", Reason.DORMANT),
        (facts("introduction", car=10, sign=180), "lost", Reason.LOST),
        (facts("dormant", sign=179), None, None),
        (facts("dormant", sign=180), "lost", Reason.LOST),
        (facts("lost", sign=120), None, None),
        # Coming back
        (facts("dormant", car=400, before="introduction"), "introduction", Reason.BACK),
        (facts("lost", car=800, orders=5, sign=3, before="growth"), "growth", Reason.BACK),
        (facts("dormant", car=400, orders=5), "mature", Reason.BACK),
        (facts("lost"), "prospect", Reason.BACK),
        # What somebody said
        (facts("growth", car=800, orders=9, sign=20, said=10), None, None),
        (facts("growth", car=800, orders=9, sign=9, said=10), "mature", Reason.MATURED),
        (facts("growth", sign=300, said=89), None, None),
        (facts("growth", sign=300, said=90), "dormant", Reason.DORMANT),
        (facts("dormant", sign=300, said=91, held=False, before="growth"), None, None),
        (facts("dormant", sign=300, said=180, held=False, before="growth"), "lost", Reason.LOST),
        (facts("lost", sign=1, said=0, before="growth"), None, None),
        (facts("lost", sign=0, said=1, before="growth"), "growth", Reason.BACK),
    ],
)
def test_the_step_that_is_due(known, to_stage, reason):
    wanted = None if to_stage is None else Move(to_stage, reason)
    assert rules.next_move(known, TERMS, NOW) == wanted


def test_days_are_those_of_shanghai():
    """At one in the morning there, it is still yesterday in Greenwich."""
    night = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
    known = facts("introduction", car=90)
    assert rules.next_move(known, TERMS, night) is None
    assert rules.next_move(known, TERMS, night + timedelta(days=1)).to_stage == "growth"


def test_other_numbers_move_others():
    known = facts("growth", car=40, orders=0, sign=20)
    terms = Terms(introduction_days=10, mature_days=30, mature_orders=0)
    assert rules.next_move(known, terms, NOW).to_stage == "mature"
    assert rules.next_move(known, Terms(dormant_days=20), NOW).to_stage == "dormant"


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (Terms(dormant_days=0), "/dormant_days"),
        (Terms(lost_days=90), "/lost_days"),
        (Terms(mature_days=90), "/mature_days"),
        (Terms(mature_orders=-1), "/mature_orders"),
        (Terms(introduction_days=3651, mature_days=3650), "/introduction_days"),
    ],
)
def test_numbers_that_do_not_fit_name_their_field(terms, field):
    assert field in {problem.pointer for problem in rules.problems_of(terms)}


def test_the_rules_as_delivered_fit():
    assert rules.problems_of(TERMS) == []


def test_every_reason_reads_with_its_numbers():
    assert "90" in rules.in_words("dormant", TERMS)
    assert all("%" not in rules.in_words(reason, TERMS) for reason in Reason)
