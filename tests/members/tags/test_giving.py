"""Runs over everybody: what they give, take and leave alone, and that they can be interrupted."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from core.runs import services as runs
from core.runs.models import Run
from core.runs.ports import RunView
from members.profiles.models import Member
from members.tags import giving, services
from members.tags.models import MemberTag, Tag, TagBlock, TagRule
from tests.factories.core import BrandFactory, DealerFactory
from tests.factories.members import MemberFactory, TagFactory, TagGroupFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
MATURE = {"op": "all", "items": [{"field": "stage", "cmp": "in", "value": ["mature"]}]}


@pytest.fixture
def people(brand):
    stages = ["mature", "growth"] * 6
    return [MemberFactory(brand=brand, stage=stage) for stage in stages]


@pytest.fixture
def tag(brand):
    return TagFactory(brand=brand)


def work(brand, started):
    """Step the run as a worker does, and return it."""
    runs.work_due(brand_id=brand.pk, clock=lambda: NOW, budget=timedelta(minutes=1))
    with tenant(brand.pk):
        return Run.objects.get(pk=started.pk)


def apply(brand, tag, tree=MATURE):
    actor = system_viewer(brand.pk)
    with tenant(brand.pk):
        rule = services.save_rule(tag=tag, tree=tree, is_active=True, actor=actor, now=NOW)
        started = services.apply_rule(rule=rule, actor=actor, now=NOW)
    return work(brand, started)


def held(brand, tag):
    with tenant(brand.pk):
        rows = MemberTag.objects.filter(tag_id=tag.pk)
        return dict(rows.values_list("member_id", "source"))


def matures(people):
    return {person.pk for person in people if person.stage == "mature"}


def test_a_rule_gives_and_takes(brand, tag, people):
    run = apply(brand, tag)
    assert run.state == "succeeded"
    assert run.result["counts"] == {"matched": 6, "added": 6, "removed": 0}
    assert held(brand, tag) == dict.fromkeys(matures(people), "rule")
    with tenant(brand.pk):
        Member.objects.filter(pk=people[0].pk).update(stage="lost")
    assert apply(brand, tag).result["counts"] == {"matched": 5, "added": 0, "removed": 1}
    with tenant(brand.pk):
        assert TagRule.objects.get().applied_at == NOW
        assert Tag.objects.get(pk=tag.pk).member_count == 5


def test_applying_again_changes_nothing(brand, tag, people):
    apply(brand, tag)
    assert apply(brand, tag).result["counts"] == {"matched": 6, "added": 0, "removed": 0}


def test_what_people_decided_stands(brand, tag, people):
    actor = system_viewer(brand.pk)
    mature, growing = people[0], people[1]
    with tenant(brand.pk):
        services.tag_members(tag=tag, member_ids=[growing.pk], actor=actor, now=NOW)
        services.save_rule(tag=tag, tree=MATURE, is_active=True, actor=actor, now=NOW)
        services.untag_members(tag=tag, member_ids=[mature.pk], actor=actor, now=NOW)
    apply(brand, tag)
    assert mature.pk not in held(brand, tag)
    assert held(brand, tag)[growing.pk] == "manual"


def test_a_rule_leaves_the_other_tags_of_an_exclusive_group(brand, people):
    group = TagGroupFactory(brand=brand, is_exclusive=True)
    mine, other = TagFactory(brand=brand, group=group), TagFactory(brand=brand, group=group)
    with tenant(brand.pk):
        actor = system_viewer(brand.pk)
        services.tag_members(tag=other, member_ids=[people[0].pk], actor=actor, now=NOW)
    apply(brand, mine)
    assert set(held(brand, mine)) == matures(people) - {people[0].pk}


def test_an_interrupted_run_ends_like_an_undisturbed_one(brand, tag, people, monkeypatch):
    """Stretches of five, and a worker that dies after each step: the next one takes over."""
    monkeypatch.setattr(giving, "STRETCH", 5)
    actor, handler = system_viewer(brand.pk), giving.RuleRun()
    with tenant(brand.pk):
        rule = services.save_rule(tag=tag, tree=MATURE, is_active=True, actor=actor, now=NOW)
    params = {"tag_id": tag.pk, "tree": rule.tree, "as_of": NOW.isoformat()}
    cursor, steps, finished = {}, 0, False
    while not finished:
        view = RunView(1, brand.pk, params, cursor, 0, None)
        with tenant(brand.pk):
            step = handler.step(run=view, actor=actor, now=NOW)
        cursor, finished, steps = step.cursor, step.finished, steps + 1
        assert step.done <= step.total
    assert steps >= 3
    assert step.result["counts"] == {"matched": 6, "added": 6, "removed": 0}
    assert set(held(brand, tag)) == matures(people)


def test_a_brand_without_members_is_done_at_once(brand, tag):
    assert apply(brand, tag).state == "succeeded"


def test_another_brand_is_left_alone(brand, tag, people):
    stranger = MemberFactory(brand=BrandFactory(), stage="mature")
    apply(brand, tag)
    assert stranger.pk not in held(brand, tag)


def tagged_by_tree(brand, tag, act, **scope):
    from core.kernel.access import Permission, Viewer

    actor = Viewer(brand.pk, "somebody", permissions=frozenset(Permission), **scope)
    with tenant(brand.pk):
        started = services.tag_by_tree(
            tag=tag, tree=MATURE, title="t", act=act, actor=actor, now=NOW
        )
    return work(brand, started)


def test_a_tree_is_tagged_and_untagged_by_hand(brand, tag, people):
    assert tagged_by_tree(brand, tag, "give").result["counts"]["added"] == 6
    assert held(brand, tag) == dict.fromkeys(matures(people), "manual")
    assert tagged_by_tree(brand, tag, "take").result["counts"]["removed"] == 6
    assert held(brand, tag) == {}


def test_taking_from_many_blocks_the_rule(brand, tag, people):
    apply(brand, tag)
    tagged_by_tree(brand, tag, "take")
    apply(brand, tag)
    assert held(brand, tag) == {}
    with tenant(brand.pk):
        assert TagBlock.objects.count() == 6


def test_giving_to_many_in_an_exclusive_group_replaces(brand, people):
    group = TagGroupFactory(brand=brand, is_exclusive=True)
    mine, other = TagFactory(brand=brand, group=group), TagFactory(brand=brand, group=group)
    tagged_by_tree(brand, other, "give")
    tagged_by_tree(brand, mine, "give")
    assert held(brand, other) == {}
    assert len(held(brand, mine)) == 6


def test_many_means_those_within_the_persons_scope(brand, tag, people):
    dealer = DealerFactory(brand=brand)
    mine = MemberFactory(brand=brand, stage="mature", home_dealer=dealer)
    tagged_by_tree(brand, tag, "give", dealer_ids=frozenset({dealer.pk}))
    assert set(held(brand, tag)) == {mine.pk}


def break_exclusive(brand, people):
    group = TagGroupFactory(brand=brand, is_exclusive=True)
    for _ in range(2):
        give_bare(brand, TagFactory(brand=brand, group=group), people[0], "manual")


def break_block(brand, people):
    tag = TagFactory(brand=brand)
    with tenant(brand.pk):
        TagRule.objects.create(brand=brand, tag=tag, tree=MATURE)
        TagBlock.objects.create(brand=brand, tag=tag, member=people[0], created_at=NOW)
    give_bare(brand, tag, people[0], "rule")


def break_rule(brand, people):
    give_bare(brand, TagFactory(brand=brand), people[0], "rule")


def give_bare(brand, tag, member, source):
    with tenant(brand.pk):
        MemberTag.objects.create(brand=brand, tag=tag, member=member, source=source, tagged_at=NOW)


@pytest.mark.parametrize("planted", [break_exclusive, break_block, break_rule])
def test_a_planted_breach_is_found(planted, brand, people, capsys):
    call_command("check_invariants", database="default")
    planted(brand, people)
    with pytest.raises(CommandError):
        call_command("check_invariants", database="default")
    assert "BROKEN" in capsys.readouterr().out
