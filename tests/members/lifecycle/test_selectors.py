from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.kernel.access import Permission, Viewer
from members.lifecycle import presenting, selectors
from members.lifecycle.models import StageChange
from members.lifecycle.rules import STAGES, Terms
from members.lifecycle.selectors import Flow, Move
from tests.factories.core import DealerFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@pytest.fixture
def dealer(inside_brand):
    return DealerFactory(brand=inside_brand)


def told(member, from_stage, to_stage, days):
    StageChange.objects.create(
        brand_id=member.brand_id,
        member=member,
        from_stage=from_stage,
        to_stage=to_stage,
        reason="manual",
        policy_version=0,
        at=NOW - timedelta(days=days),
    )


@pytest.fixture
def moved(inside_brand, dealer):
    ours = MemberFactory(brand=inside_brand, stage="growth", home_dealer=dealer)
    theirs = MemberFactory(brand=inside_brand, stage="lost")
    told(ours, "introduction", "growth", 3)
    told(theirs, "growth", "dormant", 100)
    told(theirs, "dormant", "lost", 5)


def of_dealer(dealer):
    return Viewer(
        brand_id=dealer.brand_id,
        label="x",
        permissions=frozenset({Permission.MEMBERS_VIEW}),
        dealer_ids=frozenset({dealer.pk}),
    )


def test_the_board_counts_stages_and_their_month(inside_brand, actor, moved):
    board = selectors.board(viewer=actor, now=NOW)
    assert [column.stage for column in board] == list(STAGES)
    numbers = {c.stage: (c.count, c.came, c.went) for c in board}
    assert numbers["growth"] == (1, 1, 0)
    assert numbers["lost"] == (1, 1, 0)
    assert numbers["dormant"] == (0, 0, 1)
    assert numbers["introduction"] == (0, 0, 1)


def test_a_dealer_sees_their_own(inside_brand, dealer, moved):
    viewer = of_dealer(dealer)
    assert sum(c.count for c in selectors.board(viewer=viewer, now=NOW)) == 1
    since = NOW - timedelta(days=180)
    assert selectors.flows(viewer=viewer, since=since) == [Flow("introduction", "growth", 1)]


def test_flows_keep_to_their_window_and_the_order_of_stages(inside_brand, actor, moved):
    month = selectors.flows(viewer=actor, since=NOW - timedelta(days=30))
    assert month == [Flow("introduction", "growth", 1), Flow("dormant", "lost", 1)]
    year = selectors.flows(viewer=actor, since=NOW - timedelta(days=365))
    assert [flow.from_stage for flow in year] == ["introduction", "growth", "dormant"]


@pytest.fixture
def silent(inside_brand):
    for _ in range(8):
        MemberFactory(brand=inside_brand, stage="growth", created_at=NOW - timedelta(days=100))


def test_a_preview_moves_nobody(inside_brand, silent):
    brand_id = inside_brand.pk
    due = selectors.preview(brand_id=brand_id, terms=Terms(), now=NOW)
    assert (due.moves, due.scale) == ({("growth", "dormant"): 8}, 1.0)
    later = Terms(dormant_days=101)
    assert selectors.preview(brand_id=brand_id, terms=later, now=NOW).moves == {}
    assert not StageChange.objects.exists()


def test_a_large_brand_is_previewed_by_a_sample(inside_brand, silent, monkeypatch):
    monkeypatch.setattr(selectors, "PREVIEWED", 4)
    monkeypatch.setattr(selectors, "DRAWS", 2)
    due = selectors.preview(brand_id=inside_brand.pk, terms=Terms(), now=NOW)
    assert (due.moves, due.scale) == ({("growth", "dormant"): 4}, 2.0)
    effect = selectors.effect(brand_id=inside_brand.pk, terms=Terms(dormant_days=101), now=NOW)
    assert effect.is_estimate
    assert effect.moves == [Move("growth", "dormant", now=8, then=0)]
    shown = presenting.moves_in_words(effect)
    assert [(move["now"], move["then"]) for move in shown] == [(8, 0)]


def test_a_preview_takes_three_queries(inside_brand, silent, monkeypatch):
    monkeypatch.setattr(selectors, "PREVIEWED", 4)
    with CaptureQueriesContext(connection) as asked:
        selectors.preview(brand_id=inside_brand.pk, terms=Terms(), now=NOW)
    assert len(asked) == 3
