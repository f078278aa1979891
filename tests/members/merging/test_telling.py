"""What the histories of tags and stages, and live segments, know of a merge and of its undoing."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils.timezone import localdate

from core.kernel.errors import StaleVersion
from members.lifecycle import selectors as stages
from members.lifecycle import services as lifecycle
from members.lifecycle.models import StageChange
from members.live import selectors as kept
from members.live import services as live
from members.merging import services, telling
from members.orders.models import Order
from members.profiles.models import Member
from members.profiles.services import change_member
from members.tags import looking_back
from members.tags import services as tags
from members.tags.models import MemberTag, TagAct, TagBlock, TagChange, TagChangeBatch
from tests.factories.members import (
    MemberFactory,
    OrderFactory,
    OwnershipFactory,
    SegmentFactory,
    StageChangeFactory,
    TagFactory,
    TagGroupFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside_brand")]
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
BEFORE = NOW - timedelta(days=9)


@pytest.fixture
def winner(brand):
    return came_to(brand, "growth", at=BEFORE)


@pytest.fixture
def loser(brand):
    return came_to(brand, "mature", at=BEFORE + timedelta(days=1))


def came_to(brand, stage, *, at, **more):
    member = MemberFactory(
        brand=brand, stage=stage, stage_since=localdate(at), created_at=at, **more
    )
    StageChangeFactory(brand=brand, member=member, at=at, reason="back")
    return member


def merge(winner, loser, actor, **more):
    return services.merge_members(
        winner_id=winner.pk, loser_id=loser.pk, actor=actor, now=NOW, **more
    )


def undo(made, actor, now=NOW):
    return services.undo_merge(merge=made, actor=actor, now=now)


def give(tag, *members, actor, now=BEFORE):
    ids = [member.pk for member in members]
    tags.tag_members(tag=tag, member_ids=ids, actor=actor, now=now)


def told(source):
    rows = TagChange.objects.select_related("act").filter(act__source=source)
    rows = rows.order_by("tag_id", "kind")
    return [(row.act.source, row.kind, row.tag_name, row.people) for row in rows]


def counts(*held):
    for tag in held:
        tag.refresh_from_db()
    return [tag.member_count for tag in held]


def chain_of(member):
    rows = stages.history(member=member).order_by("at", "pk")
    return list(rows.values_list("from_stage", "to_stage", "reason", "of_merged"))


def test_tags_that_move_are_told_and_counted(brand, winner, loser, actor):
    group = TagGroupFactory(brand=brand, is_exclusive=True)
    both, moved = (TagFactory(brand=brand, name=n, member_count=0) for n in ("both", "moved"))
    one, other = (TagFactory(brand=brand, name=n, group=group, member_count=0) for n in "ab")
    give(both, winner, loser, actor=actor)
    give(moved, loser, actor=actor)
    give(one, winner, actor=actor)
    give(other, loser, actor=actor)
    MemberTag.objects.filter(tag=one).update(source="import")
    made = merge(winner, loser, actor)
    assert told("merge") == [
        ("merge", "taken", "both", 1),
        ("merge", "given", "moved", 1),
        ("merge", "taken", "moved", 1),
        ("merge", "replaced", "a", 1),
        ("merge", "given", "b", 1),
        ("merge", "taken", "b", 1),
    ]
    assert counts(both, moved, one, other) == [1, 1, 0, 1]
    undo(made, actor)
    assert counts(both, moved, one, other) == [2, 1, 1, 1]
    assert [(kind, name) for _source, kind, name, _people in told("undo")] == [
        ("given", "both"),
        ("given", "moved"),
        ("taken", "moved"),
        ("given", "a"),
        ("given", "b"),
        ("replaced", "b"),
    ]
    act = TagAct.objects.get(source="merge")
    assert act.undone_at == NOW
    assert TagAct.objects.get(source="undo").undoes_id == act.pk


def test_a_block_that_moves_is_told(brand, winner, loser, actor):
    tag = TagFactory(brand=brand, name="x")
    TagBlock.objects.create(brand=brand, tag=tag, member=loser, created_at=BEFORE)
    made = merge(winner, loser, actor)
    assert told("merge") == [("merge", "blocked", "x", 1), ("merge", "unblocked", "x", 1)]
    undo(made, actor)
    assert [kind for _source, kind, *_rest in told("undo")] == ["blocked", "unblocked"]


@pytest.mark.parametrize("apart", [1, TagChangeBatch.SIZE])
def test_the_member_tells_what_the_merged_ones_tags_went_through(brand, winner, actor, apart):
    """Also where a change of both is kept in two batches."""
    loser = came_to(brand, "mature", at=BEFORE + timedelta(days=1), pk=winner.pk + apart)
    tag, of_both = (TagFactory(brand=brand, name=name) for name in ("moved", "both"))
    give(tag, loser, actor=actor)
    give(of_both, winner, loser, actor=actor)
    merge(winner, loser, actor)
    history = [
        (each.source, each.kind, each.tag_name, each.of_merged)
        for each in looking_back.of_member(member=winner)
    ]
    assert history == [
        ("merge", "given", "moved", None),
        ("manual", "given", "both", None),
        ("manual", "given", "moved", loser.pk),
    ]


def test_nothing_comes_back_that_stands_against_what_was_said_since(brand, winner, loser, actor):
    group = TagGroupFactory(brand=brand, is_exclusive=True)
    one, other, later = TagFactory.create_batch(3, brand=brand, group=group)
    gone = TagFactory(brand=brand)
    give(one, winner, actor=actor)
    MemberTag.objects.filter(tag=one).update(source="import")
    give(other, loser, actor=actor)
    give(gone, winner, loser, actor=actor)
    made = merge(winner, loser, actor)  # ``one`` gave way to ``other``; one of ``gone`` is kept
    give(later, winner, actor=actor, now=NOW)
    MemberTag.objects.filter(tag=gone).delete()
    gone.delete()
    undo(made, actor)
    assert set(MemberTag.objects.values_list("tag_id", "member_id")) == {(later.pk, winner.pk)}


def test_who_got_a_tag_between_the_locks_is_compared_again(
    brand, winner, loser, actor, monkeypatch
):
    give(TagFactory(brand=brand), loser, actor=actor)
    held = telling.Held(brand.pk, (winner.pk, loser.pk), frozenset())
    monkeypatch.setattr(telling, "hold_tags", lambda **_kwargs: held)
    with pytest.raises(StaleVersion):
        merge(winner, loser, actor)


def test_a_stage_that_is_taken_is_a_persons_word(winner, loser, actor):
    made = merge(winner, loser, actor, take=["stage"])
    winner.refresh_from_db()
    assert (winner.stage, winner.stage_since) == ("mature", localdate(NOW))
    newest = stages.newest_own(member=winner)
    assert (newest.from_stage, newest.to_stage, newest.reason) == ("growth", "mature", "manual")
    assert str(loser.pk) in newest.note
    assert newest.author_label == actor.label
    assert chain_of(winner) == [
        ("prospect", "growth", "back", None),
        ("prospect", "mature", "back", loser.pk),
        ("growth", "mature", "manual", None),
    ]
    undo(made, actor)
    winner.refresh_from_db()
    assert (winner.stage, winner.stage_since) == ("growth", localdate(BEFORE))
    assert chain_of(winner) == [("prospect", "growth", "back", None)]
    assert chain_of(Member.objects.get(pk=loser.pk)) == [("prospect", "mature", "back", None)]


def test_a_stage_that_is_not_taken_leaves_no_word(winner, loser, actor):
    made = merge(winner, loser, actor)
    assert stages.newest_own(member=winner).to_stage == "growth"
    assert made.told == {}


def test_a_stage_that_changed_since_stays(winner, loser, actor):
    made = merge(winner, loser, actor, take=["stage"])
    for stage in ("lost", "mature"):  # Even where it is the same again: others said so.
        winner.refresh_from_db()
        change_member(member=winner, changes={"stage": stage}, actor=actor, now=NOW)
    undo(made, actor)
    winner.refresh_from_db()
    assert winner.stage == "mature"
    assert len(chain_of(winner)) == 4


def test_the_rules_go_by_the_members_own_stages(brand, winner, loser, actor):
    Member.objects.filter(pk=winner.pk).update(stage="dormant")
    at = BEFORE + timedelta(hours=1)
    StageChangeFactory(
        brand=brand, member=winner, from_stage="growth", to_stage="dormant", reason="dormant", at=at
    )
    merge(winner, loser, actor)
    OwnershipFactory(brand=brand, member=winner)
    OrderFactory(brand=brand, member=winner, ordered_at=NOW)
    lifecycle.follow_facts(brand_id=brand.pk, member_ids=[winner.pk], now=NOW)
    winner.refresh_from_db()
    assert winner.stage == "growth"


def test_chains_of_merges_say_whose_each_change_was(brand, winner, loser, actor):
    last = came_to(brand, "lost", at=BEFORE)
    first = merge(winner, loser, actor)
    second = merge(last, winner, actor)
    whose = {row[1]: row[3] for row in chain_of(last)}
    assert whose == {"lost": None, "growth": winner.pk, "mature": loser.pk}
    undo(second, actor)
    undo(first, actor)
    assert not StageChange.objects.exclude(of_merged=None).exists()


def test_live_segments_follow_both(brand, winner, loser, actor):
    tree = {"op": "all", "items": [{"field": "vehicle", "cmp": "known", "value": {}}]}
    OwnershipFactory(brand=brand, member=loser)
    segment = SegmentFactory(brand=brand, tree=tree)
    live.switch_on(segment=segment, actor=actor, now=NOW)

    def inside():
        live.refresh(brand_id=brand.pk, now=NOW)
        return kept.member_ids(segment=segment, after=0, limit=9)

    assert inside() == [loser.pk]
    made = merge(winner, loser, actor)
    assert inside() == [winner.pk]
    undo(made, actor)
    assert inside() == [loser.pk]


def test_orders_that_came_after_the_merge_stay(brand, winner, loser, actor):
    made = merge(winner, loser, actor)
    OrderFactory(brand=brand, member=winner)
    undo(made, actor)
    assert Order.objects.get().member_id == winner.pk
