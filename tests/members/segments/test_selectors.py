"""The compiled SQL of any tree selects exactly whom a plain Python reading of it selects."""

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from core.kernel.errors import InvalidInput
from members.segments import selectors
from members.segments.models import Segment
from tests.members.segments import oracle
from tests.members.segments.drawing import STEADY, some, trees
from tests.members.segments.moments import NOW
from tests.members.segments.population import populate

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(inside_brand):
    return populate(inside_brand)


def found(tree, world, **options):
    compiled = selectors.member_ids_sql(tree=tree, brand_id=world.brand_id, now=NOW, **options)
    with connection.cursor() as cursor:
        cursor.execute(compiled.sql, compiled.params)
        return sorted(row[0] for row in cursor.fetchall())


def test_sql_selects_whom_plain_python_selects(world):
    @settings(max_examples=300, **STEADY)
    @given(trees(world))
    def check(tree):
        expected = sorted(p.row.pk for p in world.people if oracle.holds(tree, p, world))
        assert found(tree, world) == expected, tree

    check()


def test_reasons_count_and_scope_agree_with_the_whole(world):
    @settings(max_examples=40, **STEADY)
    @given(trees(world), st.sampled_from(world.people), some(world.dealer_ids))
    def check(tree, person, dealer_ids):
        scope = {"tree": tree, "brand_id": world.brand_id, "now": NOW}
        everybody = found(tree, world)
        assert selectors.count(**scope) == len(everybody)
        seen = selectors.preview(**scope, limit=5)
        assert seen.count == len(everybody)
        assert len(seen.member_ids) == min(5, len(everybody))
        assert set(seen.member_ids) <= set(everybody)
        met = selectors.conditions_met(**scope, member_id=person.row.pk)
        assert met.pop("whole") == (person.row.pk in everybody)
        for pointer, number in selectors.counts_of_conditions(**scope).items():
            alone = at(tree, pointer)
            assert number == len(found({"op": "all", "items": [alone]}, world))
            assert met[pointer] == oracle.holds(alone, person, world)
        ours = [p.row.pk for p in world.people if p.row.home_dealer_id in dealer_ids]
        assert found(tree, world, dealer_ids=dealer_ids) == sorted(set(ours) & set(everybody))
        some_ids = [p.row.pk for p in world.people[:20]]
        assert found(tree, world, only=some_ids) == sorted(set(some_ids) & set(everybody))
        low, high = some_ids[5], some_ids[15]
        stretch = [pk for pk in everybody if low < pk <= high]
        assert found(tree, world, span=(low, high)) == stretch

    check()


def at(tree, pointer):
    for step in pointer.split("/")[1:]:
        tree = tree[int(step)] if isinstance(tree, list) else tree[step]
    return tree


def test_the_canonical_form_means_the_same(world):
    @settings(max_examples=60, **STEADY)
    @given(trees(world))
    def check(tree):
        canonical = selectors.check(tree=tree, brand_id=world.brand_id).json
        assert selectors.check(tree=canonical, brand_id=world.brand_id).json == canonical
        assert found(canonical, world) == found(tree, world)

    check()


def segment(brand, name, tree):
    return Segment.objects.create(brand=brand, name=name, tree=tree, created_at=NOW, updated_at=NOW)


def all_of(*items):
    return {"op": "all", "items": list(items)}


def test_a_segment_can_be_a_condition_of_another(world, inside_brand):
    young = all_of({"field": "stage", "cmp": "in", "value": ["introduction", "growth"]})
    first = segment(inside_brand, "young", young)
    inside = all_of({"field": "segment", "cmp": "in", "value": [first.pk]})
    outside = all_of({"field": "segment", "cmp": "not_in", "value": [first.pk]})
    assert found(inside, world) == found(young, world)
    everybody = {person.row.pk for person in world.people}
    assert set(found(outside, world)) == everybody - set(found(young, world))
    counts = selectors.counts_of_conditions(tree=outside, brand_id=inside_brand.pk, now=NOW)
    assert counts == {"/items/0": len(found(outside, world))}


def test_segments_in_a_circle_are_refused(inside_brand):
    first = segment(inside_brand, "first", all_of())
    back = all_of({"field": "segment", "cmp": "in", "value": [first.pk]})
    second = segment(inside_brand, "second", back)
    Segment.objects.filter(pk=first.pk).update(
        tree=all_of({"field": "segment", "cmp": "in", "value": [second.pk]})
    )
    with pytest.raises(InvalidInput) as refusal:
        selectors.count(tree=back, brand_id=inside_brand.pk)
    assert refusal.value.problems[0].pointer == "/items/0/value"


def test_a_random_share_is_stable_and_about_right(world):
    def share(percent, seed):
        value = {"percent": percent, "seed": seed}
        return set(found(all_of({"field": "random", "cmp": "share", "value": value}), world))

    assert share(30, 1) == share(30, 1)
    assert share(30, 1) <= share(60, 1)
    assert share(30, 1) != share(30, 2)
    assert 40 < len(share(30, 1)) < 110


def test_nothing_of_another_brand_is_found(world):
    from tests.factories.core import BrandFactory

    other = selectors.member_ids_sql(tree=all_of(), brand_id=BrandFactory().pk)
    with connection.cursor() as cursor:
        cursor.execute(other.sql, other.params)
        assert cursor.fetchall() == []
    assert len(found(all_of(), world)) == len(world.people)
