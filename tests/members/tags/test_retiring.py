"""Merging a tag into another, and deleting one that members have."""

import pytest
from django.core.management import call_command

from core.audit.models import AuditEntry
from core.kernel.errors import InvalidInput
from core.kernel.scoping import tenant
from members.segments.models import Segment
from members.tags import giving, retiring, services
from members.tags.models import MemberTag, Tag, TagRule
from tests.factories.members import MemberFactory, SegmentFactory, TagFactory, TagGroupFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def tags(brand):
    group = TagGroupFactory(brand=brand)
    return [TagFactory(brand=brand, group=group, name=n, member_count=0) for n in ("旧", "新")]


@pytest.fixture
def people(brand):
    return [MemberFactory(brand=brand, stage="mature") for _n in range(5)]


@pytest.fixture(autouse=True)
def sound(brand):
    yield
    call_command("check_invariants", database="default")


def asking(*ids, cmp="any"):
    return {"op": "all", "items": [{"field": "tags", "cmp": cmp, "value": list(ids)}]}


@pytest.mark.parametrize("stretch", [200_000, 1])
def test_a_tag_is_merged_with_members_conditions_and_history(
    hand, brand, tags, people, stretch, monkeypatch
):
    monkeypatch.setattr(giving, "STRETCH", stretch)
    old, new = tags
    segment = SegmentFactory(brand=brand, tree=asking(old.pk, new.pk, cmp="all"))
    other = TagFactory(brand=brand)
    hand.rule(other, asking(old.pk))
    hand.give(old, *people[:3])
    hand.give(new, people[2])
    with tenant(brand.pk):
        would = retiring.preview(tag=old, into=new)
    assert (would.people, would.both, len(would.mentions)) == (3, 1, 2)
    run = hand.merge(old, new)
    assert run.state == "succeeded", run.error
    assert {pair[:2] for pair in hand.pairs()} == {(new.pk, p.pk) for p in people[:3]}
    with tenant(brand.pk):
        assert not Tag.objects.filter(pk=old.pk).exists()
        assert Segment.objects.get(pk=segment.pk).tree == asking(new.pk, cmp="all")
        assert TagRule.objects.get().tree == asking(new.pk)
        assert Tag.objects.get(pk=new.pk).member_count == 3
        assert AuditEntry.objects.filter(action="tag.merged", subject_id=new.pk).exists()
    assert ("manual", "given", "旧", 3) in hand.told()
    assert hand.of(people[0])[0] == ("merge", "given", "新")


def test_merging_asks_what_it_needs(hand, brand, tags):
    old, new = tags
    with pytest.raises(InvalidInput):
        hand.merge(old, old)
    hand.rule(new, asking(old.pk))
    with pytest.raises(services.TagInUse):
        hand.merge(old, new)
    with tenant(brand.pk):
        TagRule.objects.all().delete()
    hand.rule(old)
    with pytest.raises(services.TagInUse):
        hand.merge(old, new)


def test_whoever_gets_the_tag_meanwhile_is_merged_too(hand, brand, tags, people):
    old, new = tags
    hand.give(old, people[4])
    with tenant(brand.pk):
        run = services.merge_tag(tag=old, into=new, actor=hand.actor, now=hand.now)
        with pytest.raises(services.TagInUse):
            services.merge_tag(tag=old, into=new, actor=hand.actor, now=hand.now)
    view = retiring.RetireRun()
    from core.runs.ports import RunView

    told = RunView(run.pk, brand.pk, run.params, {}, 0, None)
    counts = {"matched": 0, "added": 0, "removed": 0}
    with tenant(brand.pk):
        # The last step finds those whom the stretches passed before they got the tag.
        view.finish(run=told, actor=hand.actor, counts=counts, now=hand.now)
    assert {pair[:2] for pair in hand.pairs()} == {(new.pk, people[4].pk)}


def test_a_tag_with_members_goes_once_its_name_is_typed(hand, brand, tags, people):
    old, _new = tags
    hand.give(old, *people)
    who = {"tag": old, "actor": hand.actor, "now": hand.now}
    with tenant(brand.pk):
        with pytest.raises(services.TagInUse):
            services.delete_tag(**who, typed="x")
        run = services.delete_tag(**who, typed=" 旧 ")
    assert hand.work(run).state == "succeeded"
    with tenant(brand.pk):
        assert not MemberTag.objects.exists()
        assert not Tag.objects.filter(pk=old.pk).exists()
    assert hand.of(people[0])[0] == ("deletion", "taken", "旧")
