"""Undo gives back exactly what an act changed, and nothing that was changed since."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from core.audit.models import AuditEntry
from core.kernel.access import Permission, Viewer
from core.kernel.scoping import tenant
from members.tags import undoing
from members.tags.models import Tag, TagAct, TagBlock
from members.tags.undoing import CannotUndo
from tests.factories.members import MemberFactory, TagFactory, TagGroupFactory
from tests.members.tags.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def tag(brand):
    return TagFactory(brand=brand, name="露营", member_count=0)


@pytest.fixture
def people(brand):
    return [MemberFactory(brand=brand, stage="mature") for _n in range(6)]


@pytest.fixture(autouse=True)
def sound(brand):
    yield
    call_command("check_invariants", database="default")


def preview(hand, act):
    with tenant(hand.brand.pk):
        would = undoing.preview(act=act, now=hand.now)
    return (would.taken, would.given, would.changed, would.skipped)


def test_giving_is_undone(hand, brand, tag, people):
    hand.give(tag, people[0])
    before = hand.pairs()
    hand.later(hours=1)
    hand.give(tag, *people)
    act = hand.acts()[-1]
    assert preview(hand, act) == (5, 0, 0, 0)
    assert hand.undo(act) is None
    assert hand.pairs() == before
    assert hand.told()[-1] == ("undo", "taken", "露营", 5)
    with tenant(brand.pk):
        assert Tag.objects.get().member_count == 1
        assert AuditEntry.objects.filter(action="tag.undone").count() == 1
    assert hand.acts()[-1].undoes_id == act.pk


def test_taking_is_undone_with_source_day_and_end(hand, brand, tag, people):
    hand.apply(tag)
    hand.later(hours=1)
    hand.give(tag, people[0], expires_at=NOW + timedelta(days=5))
    before = hand.pairs()
    hand.later(hours=1)
    hand.take(tag, *people)
    assert hand.pairs() == set()
    act = hand.acts()[-1]
    assert preview(hand, act) == (0, 6, 0, 0)
    hand.undo(act)
    assert hand.pairs() == before
    with tenant(brand.pk):
        assert not TagBlock.objects.exists()


def test_a_source_taken_over_is_given_back(hand, tag, people):
    hand.apply(tag)
    before = hand.pairs()
    hand.later(hours=1)
    hand.give(tag, *people)
    hand.undo(hand.acts()[-1])
    assert hand.pairs() == before


def test_a_replaced_tag_comes_back(hand, brand, people):
    group = TagGroupFactory(brand=brand, is_exclusive=True)
    old, new = (TagFactory(brand=brand, group=group, name=n, member_count=0) for n in "AB")
    hand.give(old, *people[:2])
    before = hand.pairs()
    hand.later(hours=1)
    hand.give(new, *people)
    assert preview(hand, hand.acts()[-1]) == (6, 2, 0, 0)
    hand.undo(hand.acts()[-1])
    assert hand.pairs() == before


def test_what_changed_since_stands(hand, tag, people):
    hand.give(tag, *people)
    act = hand.acts()[-1]
    hand.later(hours=1)
    hand.take(tag, people[0])
    hand.take(tag, people[1])
    hand.give(tag, people[1])
    hand.give(tag, people[2], expires_at=NOW + timedelta(days=3))
    assert preview(hand, act) == (3, 0, 0, 3)
    hand.undo(act)
    assert {pair[1] for pair in hand.pairs()} == {people[1].pk, people[2].pk}


def test_blocks_come_back_as_they_were(hand, brand, tag, people):
    hand.rule(tag)
    hand.take(tag, people[0])
    hand.give(tag, people[0])
    hand.undo(hand.acts()[-1])
    with tenant(brand.pk):
        assert TagBlock.objects.get().member_id == people[0].pk


def test_many_are_undone_by_a_run(hand, brand, tag, people, monkeypatch):
    monkeypatch.setattr(undoing, "AT_ONCE", 2)
    monkeypatch.setattr(undoing, "STEP", 1)
    hand.give_tree(tag)
    hand.later(hours=1)
    hand.take(tag, people[0])
    run = hand.undo(hand.acts()[0])
    assert run.state == "succeeded"
    assert run.result["counts"] == {"taken": 5, "given": 0, "changed": 0, "skipped": 1}
    assert hand.pairs() == set()


def test_only_once_by_hand_and_for_30_days(hand, brand, tag, people):
    hand.apply(tag)
    with pytest.raises(CannotUndo):
        hand.undo(hand.acts()[0])
    hand.take(tag, people[0])
    act = hand.acts()[-1]
    hand.later(days=31)
    with pytest.raises(CannotUndo):
        hand.undo(act)
    hand.later(days=-2)
    hand.undo(act)
    with pytest.raises(CannotUndo):
        hand.undo(act)
    with pytest.raises(CannotUndo):
        hand.undo(hand.acts()[-1])


def test_others_acts_are_out_of_a_dealers_sight(hand, brand, tag, people):
    hand.give(tag, people[0])
    viewer = Viewer(
        brand.pk, "me", staff_id=7, permissions=frozenset(Permission), dealer_ids=frozenset()
    )
    with tenant(brand.pk):
        assert not TagAct.objects.visible_to(viewer).exists()
