"""Acts on one tag, or on the tags of one exclusive group, follow each other.

Each race has a control: without the hold, what must not happen does.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from core.kernel.errors import InvalidInput
from core.kernel.scoping import tenant
from members.tags import by_hand, giving, handing, recording, services, undoing
from members.tags.models import MemberTag, Tag, TagChange, TagGroup
from tests.factories.members import MemberFactory, TagFactory, TagGroupFactory

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE, ROUNDS = 40, 3


@pytest.fixture
def people(brand):
    return [MemberFactory(brand=brand, stage="mature") for _n in range(PEOPLE)]


def at_once(*acts):
    """Run acts in threads of their own that begin together; return what each came to."""
    start = threading.Barrier(len(acts))

    def run(act):
        try:
            start.wait()
            return act()
        except InvalidInput as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [each.result() for each in [pool.submit(run, act) for act in acts]]


def with_two(brand, group):
    with tenant(brand.pk):
        rows = MemberTag.objects.filter(tag__group_id=group.pk).values_list("member_id", flat=True)
        return len(rows) - len(set(rows))


def sound():
    call_command("check_invariants", database="default")


def exclusive(brand, number=3):
    group = TagGroupFactory(brand=brand, is_exclusive=True)
    return group, [TagFactory(brand=brand, group=group, member_count=0) for _n in range(number)]


def test_nobody_gets_two_tags_of_an_exclusive_group(hand, brand, people):
    group, tags = exclusive(brand)
    for _round in range(ROUNDS):
        at_once(*(lambda tag=tag: hand.give(tag, *people) for tag in tags * 2))
        assert with_two(brand, group) == 0
    sound()


def test_without_the_hold_somebody_gets_two(hand, brand, people, monkeypatch):
    """The control: both look before either has written."""
    group, tags = exclusive(brand, 2)
    looked = threading.Barrier(2)
    real = handing.give

    def give(**asked):
        looked.wait(timeout=10)
        done = real(**asked)
        looked.wait(timeout=10)  # Neither commits before the other has written.
        return done

    monkeypatch.setattr(recording, "hold", lambda **_asked: None)
    monkeypatch.setattr(by_hand.handing, "give", give)
    at_once(*(lambda tag=tag: hand.give(tag, *people) for tag in tags))
    assert with_two(brand, group) == PEOPLE
    with pytest.raises(CommandError):
        sound()


def test_a_group_becomes_exclusive_before_or_after_a_second_tag(hand, brand, people):
    for _round in range(ROUNDS):
        group = TagGroupFactory(brand=brand)
        first, second = (TagFactory(brand=brand, group=group, member_count=0) for _n in "ab")
        hand.give(first, *people)

        def switch(group=group):
            with tenant(brand.pk):
                changes = {"is_exclusive": True}
                services.change_group(group=group, changes=changes, actor=hand.actor, now=hand.now)

        at_once(switch, lambda second=second: hand.give(second, *people))
        with tenant(brand.pk):
            is_exclusive = TagGroup.objects.get(pk=group.pk).is_exclusive
        assert with_two(brand, group) == (0 if is_exclusive else PEOPLE)
    sound()


def test_undo_while_another_act_runs_leaves_what_came_later(hand, brand, people, monkeypatch):
    """Whoever comes second sees what the first did: the later word stands, counts add up."""
    monkeypatch.setattr(giving, "STRETCH", 7)
    for _round in range(ROUNDS):
        tag = TagFactory(brand=brand, member_count=0)
        hand.give(tag, *people)
        with tenant(brand.pk):
            act = TagChange.objects.get(tag_id=tag.pk).act
        half = people[: PEOPLE // 2]

        def again(tag=tag, half=half):
            for person in half:
                hand.take(tag, person)
                hand.give(tag, person)

        at_once(lambda act=act: hand.undo(act), again)
        with tenant(brand.pk):
            kept = set(MemberTag.objects.filter(tag_id=tag.pk).values_list("member_id", flat=True))
            assert Tag.objects.get(pk=tag.pk).member_count == len(kept)
        assert kept == {person.pk for person in half}
    sound()


def test_two_undo_at_once_and_one_does(hand, brand, people):
    tag = TagFactory(brand=brand, member_count=0)
    hand.give(tag, *people)
    (act,) = hand.acts()

    def undo():
        try:
            hand.undo(act)
        except undoing.CannotUndo:
            return "refused"
        return "done"

    assert sorted(at_once(undo, undo, undo)) == ["done", "refused", "refused"]
    assert [kind for source, kind, *_rest in hand.told() if source == "undo"] == ["taken"]
    sound()


def test_counts_are_exact_whoever_comes_at_once(hand, brand, people):
    tag = TagFactory(brand=brand, member_count=0)
    thirds = [people[n::3] for n in range(3)]

    def recount():
        with tenant(brand.pk):
            services.count_anew(brand_id=brand.pk, now=hand.now)

    def toggle(mine):
        hand.give(tag, *mine)
        hand.take(tag, mine[0])

    for _round in range(ROUNDS):
        at_once(*(lambda mine=mine: toggle(mine) for mine in thirds), recount, recount)
    assert connection.in_atomic_block is False
    sound()
