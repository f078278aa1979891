from datetime import UTC, datetime, timedelta

import pytest

from core.kernel.access import Permission, Viewer
from core.kernel.errors import InvalidInput, StaleVersion
from members.tags import by_hand, services
from members.tags.models import MemberTag, Tag, TagBlock, TagRule
from tests.factories.core import DealerFactory
from tests.factories.members import MemberFactory, SegmentFactory, TagFactory, TagGroupFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside_brand")]
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
MATURE = {"op": "all", "items": [{"field": "stage", "cmp": "in", "value": ["mature"]}]}


@pytest.fixture
def tag(brand):
    return TagFactory(brand=brand)


@pytest.fixture
def member(brand):
    return MemberFactory(brand=brand)


def sources(tag):
    rows = MemberTag.objects.filter(tag_id=tag.pk).order_by("member_id")
    return dict(rows.values_list("member_id", "source"))


def give(tag, *members, actor):
    return services.tag_members(tag=tag, member_ids=[m.pk for m in members], actor=actor, now=NOW)


def test_a_tag_is_given_once(tag, member, actor):
    assert give(tag, member, actor=actor) == 1
    assert give(tag, member, actor=actor) == 0
    assert sources(tag) == {member.pk: "manual"}


def test_giving_by_hand_takes_over_what_a_rule_gave(brand, tag, member, actor):
    MemberTag.objects.create(brand=brand, tag=tag, member=member, source="rule", tagged_at=NOW)
    give(tag, member, actor=actor)
    assert sources(tag) == {member.pk: "manual"}


def test_an_exclusive_group_keeps_the_newest_tag_alone(brand, member, actor):
    group = TagGroupFactory(brand=brand, is_exclusive=True)
    first, second = TagFactory(brand=brand, group=group), TagFactory(brand=brand, group=group)
    give(first, member, actor=actor)
    give(second, member, actor=actor)
    assert sources(first) == {}
    assert sources(second) == {member.pk: "manual"}


def test_members_out_of_sight_are_left_alone(brand, tag, member):
    dealer = DealerFactory(brand=brand)
    mine = MemberFactory(brand=brand, home_dealer=dealer)
    actor = Viewer(brand.pk, "dealer", permissions=frozenset(Permission), dealer_ids={dealer.pk})
    assert give(tag, member, mine, actor=actor) == 1
    assert sources(tag) == {mine.pk: "manual"}


def test_taking_by_hand_blocks_the_rule_until_it_is_given_by_hand(tag, member, actor):
    services.save_rule(tag=tag, tree=MATURE, is_active=True, actor=actor, now=NOW)
    give(tag, member, actor=actor)
    services.untag_members(tag=tag, member_ids=[member.pk], actor=actor, now=NOW)
    assert TagBlock.objects.count() == 1
    give(tag, member, actor=actor)
    assert TagBlock.objects.count() == 0


def test_without_a_rule_nothing_is_blocked(tag, member, actor):
    give(tag, member, actor=actor)
    assert services.untag_members(tag=tag, member_ids=[member.pk], actor=actor, now=NOW) == 1
    assert not TagBlock.objects.exists()


def test_too_many_at_once_are_refused(tag, actor, monkeypatch):
    monkeypatch.setattr(by_hand, "MOST_BY_HAND", 2)
    with pytest.raises(InvalidInput) as refusal:
        services.tag_members(tag=tag, member_ids=[1, 2, 3], actor=actor, now=NOW)
    assert refusal.value.problems[0].pointer == "/member_ids"


def test_a_name_is_taken_once_in_a_group(tag, actor):
    with pytest.raises(InvalidInput) as refusal:
        services.create_tag(group=tag.group, name=tag.name, actor=actor, now=NOW)
    assert refusal.value.problems[0].code == "name_taken"
    assert Tag.objects.count() == 1


def test_a_group_becomes_exclusive_only_where_nobody_has_two(brand, member, actor):
    group = TagGroupFactory(brand=brand)
    for _ in range(2):
        give(TagFactory(brand=brand, group=group), member, actor=actor)
    with pytest.raises(InvalidInput) as refusal:
        services.change_group(group=group, changes={"is_exclusive": True}, actor=actor, now=NOW)
    assert refusal.value.problems[0].pointer == "/is_exclusive"
    group.refresh_from_db()
    assert not group.is_exclusive


def test_a_tag_in_use_stays(brand, tag, member, actor):
    give(tag, member, actor=actor)
    with pytest.raises(services.TagInUse):
        services.delete_tag(tag=tag, actor=actor, now=NOW)
    services.untag_members(tag=tag, member_ids=[member.pk], actor=actor, now=NOW)
    tree = {"op": "all", "items": [{"field": "tags", "cmp": "any", "value": [tag.pk]}]}
    segment = SegmentFactory(brand=brand, tree=tree)
    with pytest.raises(services.TagInUse, match=segment.name):
        services.delete_tag(tag=tag, actor=actor, now=NOW)
    segment.delete()
    services.delete_tag(tag=tag, actor=actor, now=NOW)
    assert not Tag.objects.exists()


def test_a_rule_cannot_ask_for_its_own_tag(brand, tag, actor):
    tree = {"op": "not", "items": [{"field": "tags", "cmp": "any", "value": [tag.pk]}]}
    segment = SegmentFactory(brand=brand, tree=tree)
    around = {"op": "all", "items": [{"field": "segment", "cmp": "in", "value": [segment.pk]}]}
    for own in (tree, around):
        with pytest.raises(InvalidInput) as refusal:
            services.save_rule(tag=tag, tree=own, is_active=True, actor=actor, now=NOW)
        assert refusal.value.problems[0].pointer == "/tree"
    assert not TagRule.objects.exists()


def test_a_rule_is_changed_by_who_read_it_last(tag, actor):
    rule = services.save_rule(tag=tag, tree=MATURE, is_active=True, actor=actor, now=NOW)
    change = {"tag": tag, "tree": MATURE, "is_active": False, "actor": actor, "now": NOW}
    services.save_rule(**change, version=rule.version)
    with pytest.raises(StaleVersion):
        services.save_rule(**change, version=rule.version)


def test_deleting_a_rule_leaves_its_tags_as_given_by_hand(brand, tag, member, actor):
    services.save_rule(tag=tag, tree=MATURE, is_active=True, actor=actor, now=NOW)
    MemberTag.objects.create(brand=brand, tag=tag, member=member, source="rule", tagged_at=NOW)
    services.delete_rule(tag=tag, actor=actor, now=NOW)
    assert sources(tag) == {member.pk: "manual"}


def test_an_expired_tag_is_taken_away(brand, tag, actor):
    for days in (-1, 1):
        MemberTag.objects.create(
            brand=brand,
            tag=tag,
            member=MemberFactory(brand=brand),
            source="manual",
            tagged_at=NOW,
            expires_at=NOW + timedelta(days=days),
        )
    assert services.remove_expired(brand_id=brand.pk, now=NOW) == 1
    assert MemberTag.objects.get().expires_at > NOW


def test_every_active_rule_is_left_to_be_applied_once(brand, tag, actor):
    services.save_rule(tag=tag, tree=MATURE, is_active=True, actor=actor, now=NOW)
    idle = TagFactory(brand=brand)
    services.save_rule(tag=idle, tree=MATURE, is_active=False, actor=actor, now=NOW)
    assert services.apply_active_rules(brand_id=brand.pk, now=NOW) == 1
    assert services.apply_active_rules(brand_id=brand.pk, now=NOW) == 0  # it is under way


def test_what_is_given_and_taken_by_hand_counts_at_once(brand, tag, member, actor):
    Tag.objects.filter(pk=tag.pk).update(member_count=0, counted_at=NOW)
    give(tag, member, MemberFactory(brand=brand), actor=actor)
    assert Tag.objects.get(pk=tag.pk).member_count == 2
    services.untag_members(tag=tag, member_ids=[member.pk], actor=actor, now=NOW)
    assert Tag.objects.get(pk=tag.pk).member_count == 1
