"""A snapshot holds who was in the segment; two of them say who joined, left and stayed."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from core.kernel.access import system_viewer
from core.runs import services as runs
from core.runs.models import Run
from members.profiles.models import Member
from members.snapshots import selectors, services
from members.snapshots.models import Snapshot, SnapshotBatch
from members.snapshots.rules import Part, Side, part_of, side_of
from tests.factories.members import MemberFactory, SegmentFactory
from tests.members.segments.drawing import STEADY

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
GROWTH = {"op": "all", "items": [{"field": "stage", "cmp": "in", "value": ["growth"]}]}
EVERYBODY = {"op": "all", "items": []}


@pytest.fixture
def segment(inside_brand):
    return SegmentFactory(brand=inside_brand, tree=GROWTH)


def taken(segment, actor, now=None):
    now = now or timezone.now()
    asked = services.take_snapshot(segment=segment, actor=actor, now=now)
    return services.freeze(snapshot=asked, actor=actor, now=now)


def ids_of(snapshot, part=None, page=3):
    found, after = [], 0
    part = part or Part(snapshot.pk)
    while more := selectors.member_ids(
        part=part, brand_id=snapshot.brand_id, after=after, limit=page
    ):
        found, after = found + more, more[-1]
    return found


def side(later, earlier, which):
    return ids_of(later, side_of(side=which, later=later.pk, earlier=earlier.pk))


def test_it_holds_who_meets_the_conditions_and_counts_them(inside_brand, segment, actor):
    people = [MemberFactory(brand=inside_brand, stage="growth").pk for _ in range(7)]
    MemberFactory(brand=inside_brand, stage="lost")
    first = taken(segment, actor)
    assert (first.number, first.member_count, first.plus_count) == (1, 7, None)
    assert ids_of(first) == sorted(people)
    assert first.tree == GROWTH


def test_the_next_one_says_who_joined_and_left(inside_brand, segment, actor):
    left, stays = (MemberFactory(brand=inside_brand, stage="growth") for _ in "12")
    joins = MemberFactory(brand=inside_brand, stage="lost")
    first = taken(segment, actor)
    Member.objects.filter(pk=left.pk).update(stage="lost")
    Member.objects.filter(pk=joins.pk).update(stage="growth")
    second = taken(segment, actor)
    assert (second.plus_count, second.minus_count, second.previous_id) == (1, 1, first.pk)
    assert side(second, first, Side.PLUS) == [joins.pk]
    assert side(second, first, Side.MINUS) == [left.pk]
    assert side(second, first, Side.STAYED) == [stays.pk]


def test_the_background_run_takes_it_and_tells_the_counts(inside_brand, segment, actor):
    MemberFactory(brand=inside_brand, stage="growth")
    asked = services.take_snapshot(segment=segment, actor=actor, now=timezone.now())
    assert asked.is_being_taken
    runs.work_due(brand_id=inside_brand.pk, clock=timezone.now, budget=MINUTE)
    run = Run.objects.get(pk=asked.run_id)
    assert (run.state, run.result["counts"]) == ("succeeded", {"people": 1})
    assert Snapshot.objects.get(pk=asked.pk).member_count == 1


def test_one_at_a_time_and_none_is_left_of_a_cancelled_one(inside_brand, segment, actor):
    asked = services.take_snapshot(segment=segment, actor=actor, now=timezone.now())
    with pytest.raises(services.AlreadyBeingTaken):
        services.take_snapshot(segment=segment, actor=actor, now=timezone.now())
    runs.ask(run_id=asked.run_id, wish=Run.Asked.CANCEL, actor=actor, now=timezone.now())
    runs.work_due(brand_id=inside_brand.pk, clock=timezone.now, budget=MINUTE)
    assert not Snapshot.objects.exists()
    assert taken(segment, actor).member_count == 0


def test_a_deleted_one_takes_its_batches_along(inside_brand, segment, actor):
    MemberFactory(brand=inside_brand, stage="growth")
    first, second = taken(segment, actor), taken(segment, actor)
    services.delete_snapshot(snapshot=first, actor=actor, now=timezone.now())
    assert list(Snapshot.objects.values_list("pk", flat=True)) == [second.pk]
    assert set(SnapshotBatch.objects.values_list("snapshot_id", flat=True)) == {second.pk}


def test_conditions_changed_later_leave_it_as_it_was(inside_brand, segment, actor):
    MemberFactory(brand=inside_brand, stage="growth")
    first = taken(segment, actor)
    segment.tree = EVERYBODY
    segment.save()
    second = taken(segment, actor)
    first.refresh_from_db()
    assert (first.tree, second.tree) == (GROWTH, EVERYBODY)


def stored(brand, segment, number, ids):
    """A snapshot of any ids, as the statement would write it."""
    now = timezone.now()
    made = Snapshot.objects.create(
        brand=brand,
        segment=segment,
        number=number,
        tree=EVERYBODY,
        member_count=len(ids),
        taken_at=now,
        created_by_label="x",
        created_at=now,
    )
    size = SnapshotBatch.SIZE
    for bucket in {one // size for one in ids}:
        inside = sorted(one for one in ids if one // size == bucket)
        SnapshotBatch.objects.create(
            brand=brand, snapshot=made, bucket=bucket, people=len(inside), member_ids=inside
        )
    return made


def test_differences_of_any_two_sets_are_those_of_python(inside_brand, segment):
    # Around the edges of batches, and far apart.
    edges = [one + off for one in (8192, 16384, 81920) for off in (-2, -1, 0, 1)]
    some = st.sets(st.sampled_from([*edges, 1, 2, 10**12]))
    numbers = iter(range(1, 10**6))

    @settings(max_examples=60, **STEADY)
    @given(some, some)
    def check(one, two):
        later = stored(inside_brand, segment, next(numbers), one)
        earlier = stored(inside_brand, segment, next(numbers), two)
        told = selectors.difference(later=later, earlier=earlier)
        assert (told.plus, told.minus, told.stayed) == (
            len(one - two),
            len(two - one),
            len(one & two),
        )
        assert ids_of(later) == sorted(one)
        assert side(later, earlier, Side.PLUS) == sorted(one - two)
        assert side(later, earlier, Side.MINUS) == sorted(two - one)
        assert side(later, earlier, Side.STAYED) == sorted(one & two)

    check()


@pytest.mark.parametrize("text", ["7", "7-5", "7.5"])
def test_an_address_names_a_part(text):
    assert str(part_of(text)) == text


@pytest.mark.parametrize("text", ["", "0", "7-", "-5", "7-5-3", "7+5", "٧", "7" * 20])
def test_anything_else_names_none(text):
    assert part_of(text) is None


def test_members_of_a_part_keep_the_viewers_scope(inside_brand, segment, actor):
    people = [MemberFactory(brand=inside_brand, stage="growth") for _ in range(3)]
    first = taken(segment, actor)
    viewer = system_viewer(inside_brand.pk)
    rows = Member.objects.visible_to(viewer).filter(pk__gt=people[0].pk)
    found = selectors.members(rows=rows, part=Part(first.pk), brand_id=inside_brand.pk)
    assert {row.pk for row in found} == {row.pk for row in people[1:]}
