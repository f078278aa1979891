"""Every way of giving and taking a tag writes its history, in one row an act."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from core.kernel.access import Permission, Viewer
from core.kernel.scoping import tenant
from members.profiles.models import Member
from members.tags import giving, looking_back, services, undoing
from members.tags.models import MemberTag, Tag, TagAct, TagChangeBatch
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
    """Counts and batches add up, whatever a test did."""
    yield
    call_command("check_invariants", database="default")


def test_what_hands_do_is_told(hand, tag, people):
    hand.give(tag, *people[:3])
    hand.give(tag, *people[:4])
    hand.take(tag, people[0], people[5])
    assert hand.told() == [
        ("manual", "given", "露营", 3),
        ("manual", "given", "露营", 1),
        ("manual", "taken", "露营", 1),
    ]
    assert hand.of(people[0]) == [("manual", "taken", "露营"), ("manual", "given", "露营")]
    assert hand.of(people[5]) == []


def test_what_changes_nothing_is_not_told(hand, tag, people):
    hand.give(tag, people[0])
    hand.give(tag, people[0])
    hand.take(tag, people[1])
    assert len(hand.told()) == len(hand.acts()) == 1


def test_a_deleted_rule_is_told_of_who_keeps_its_tag_and_of_whom_it_left_alone(
    hand, brand, tag, people, actor
):
    hand.apply(tag)
    hand.take(tag, people[0])
    with tenant(brand.pk):
        version = tag.rule.version
        services.delete_rule(tag=tag, actor=actor, now=NOW)
    assert hand.told()[-2:] == [
        ("rule", "changed", "露营", 5),
        ("rule", "unblocked", "露营", 1),
    ]
    with tenant(brand.pk):
        [happened, _given] = looking_back.of_member(member=people[1])
        act = TagAct.objects.get(pk=happened.act_id)
        assert undoing.why_not(act=act, now=NOW)
        services.delete_rule(tag=tag, actor=actor, now=NOW)
        assert TagAct.objects.filter(pk__gt=act.pk).count() == 0
    assert happened.rule_version == version
    assert happened.kind_label == "规则已删除，已有标签保留"


def test_a_rule_that_gave_nothing_is_told_as_deleted(hand, brand, tag, actor):
    with tenant(brand.pk):
        services.save_rule(
            tag=tag, tree={"op": "all", "items": []}, is_active=False, actor=actor, now=NOW
        )
        services.delete_rule(tag=tag, actor=actor, now=NOW)
    assert hand.told() == [("rule", "changed", "露营", 0)]


def test_rules_are_told_with_their_version(hand, brand, tag, people):
    hand.apply(tag)
    with tenant(brand.pk):
        Member.objects.filter(pk=people[0].pk).update(stage="lost")
    hand.apply(tag)
    hand.apply(tag)
    assert hand.told() == [("rule", "given", "露营", 6), ("rule", "taken", "露营", 1)]
    assert [act.rule_version for act in hand.acts()] == [1, 2]
    assert {act.run_id is None for act in hand.acts()} == {False}


def test_a_run_in_many_steps_is_one_act(hand, brand, tag, people, monkeypatch):
    monkeypatch.setattr(giving, "STRETCH", 1)
    hand.give_tree(tag)
    assert hand.told() == [("manual", "given", "露营", 6)]
    with tenant(brand.pk):
        batches = TagChangeBatch.objects.order_by("bucket", "pk")
        kept = [pk for batch in batches for pk in batch.member_ids]
        assert len(batches) > 1
    assert sorted(kept) == [person.pk for person in people]


def test_many_are_packed_by_the_thousand(hand, brand, tag):
    MemberFactory.create_batch(60, brand=brand, stage="mature")
    hand.give_tree(tag)
    with tenant(brand.pk):
        batches = TagChangeBatch.objects.all()
        assert sum(batch.people for batch in batches) == 60
        assert len(batches) <= 2
        assert all(batch.member_ids == sorted(batch.member_ids) for batch in batches)


def test_an_exclusive_group_tells_what_it_replaced(hand, brand, people):
    group = TagGroupFactory(brand=brand, is_exclusive=True)
    old, new = (TagFactory(brand=brand, group=group, name=n, member_count=0) for n in "AB")
    hand.give(old, *people[:2])
    hand.give(new, *people)
    assert hand.told()[1:] == [("manual", "replaced", "A", 2), ("manual", "given", "B", 6)] or (
        sorted(hand.told()[1:]) == [("manual", "given", "B", 6), ("manual", "replaced", "A", 2)]
    )
    assert len(hand.acts()) == 2
    with tenant(brand.pk):
        assert dict(Tag.objects.values_list("name", "member_count")) == {"A": 0, "B": 6}


def test_expiry_is_told_and_counted(hand, brand, tag, people):
    hand.give(tag, *people[:2], expires_at=NOW + timedelta(days=1))
    hand.give(tag, people[2])
    with tenant(brand.pk):
        assert services.remove_expired(brand_id=brand.pk, now=NOW + timedelta(days=2)) == 2
        assert services.remove_expired(brand_id=brand.pk, now=NOW + timedelta(days=2)) == 0
        assert Tag.objects.get().member_count == 1
    assert hand.told()[-1] == ("expiry", "taken", "露营", 2)
    assert hand.of(people[0])[0] == ("expiry", "taken", "露营")


def test_expiry_goes_by_batches(hand, brand, tag, people):
    hand.give(tag, *people, expires_at=NOW + timedelta(days=1))
    later = NOW + timedelta(days=2)
    with tenant(brand.pk):
        swept = [services.remove_expired(brand_id=brand.pk, now=later, limit=4) for _n in range(3)]
        assert not MemberTag.objects.exists()
    assert swept == [4, 2, 0]


def test_an_end_is_set_prolonged_and_lifted(hand, tag, people):
    hand.give(tag, people[0], expires_at=NOW + timedelta(days=1))
    hand.give(tag, people[0], expires_at=NOW + timedelta(days=9))
    assert {pair[5] for pair in hand.pairs()} == {NOW + timedelta(days=9)}
    hand.give(tag, people[0])
    assert {pair[5] for pair in hand.pairs()} == {None}
    assert [kind for _source, kind, *_rest in hand.told()] == ["given", "changed", "changed"]


def test_a_members_history_turns_its_pages(hand, brand, tag, people):
    for _turn in range(3):
        hand.give(tag, people[0])
        hand.take(tag, people[0])
    with tenant(brand.pk):
        first = looking_back.of_member(member=people[0], limit=4)
        rest = looking_back.of_member(
            member=people[0], at=first[-1].at, before=first[-1].pk, limit=4
        )
    assert (len(first), len(rest)) == (4, 2)


def test_a_members_history_is_found_through_an_index(hand, brand, tag, people):
    from django.db import connection

    hand.give(tag, *people)
    who = people[0].pk
    values = {"brand": brand.pk, "member": who, "members": [who], "size": 1024}
    values |= {"before": 2**62, "limit": 5, "at": looking_back.END_OF_TIME}
    with tenant(brand.pk), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {looking_back.OF_MEMBER}", values)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "members_tagchangebatch_time" in plan


def test_who_sees_a_part_sees_their_own_acts(hand, brand, tag, people):
    mine = Viewer(
        brand.pk, "me", staff_id=7, permissions=frozenset(Permission), dealer_ids=frozenset()
    )
    hand.give(tag, *people)
    with tenant(brand.pk):
        assert not looking_back.of_tag(tag=tag, viewer=mine).exists()
        assert looking_back.of_tag(tag=tag, viewer=hand.actor).count() == 1


def test_clearing_leaves_it_to_the_rule(hand, brand, tag, people):
    with tenant(brand.pk):
        Member.objects.filter(pk=people[0].pk).update(stage="lost")
    hand.give(tag, people[0])  # By hand, and no longer matching.
    hand.apply(tag)
    hand.take(tag, people[1])
    hand.apply(tag)
    held = {(pair[1], pair[2]) for pair in hand.pairs()}
    assert (people[0].pk, "manual") in held
    assert people[1].pk not in {member for member, _source in held}
    assert hand.clear(tag, people[0], people[1], people[2]) == 2
    hand.apply(tag)
    assert {pair[1:3] for pair in hand.pairs()} == {(p.pk, "rule") for p in people[1:]}
