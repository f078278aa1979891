"""The compiled SQL of any tree selects exactly whom a plain Python reading of it selects."""

from datetime import timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.kernel.errors import InvalidInput
from members.segments import selectors
from members.segments.models import Segment
from members.segments.ports import registry
from tests.members.segments import oracle
from tests.members.segments.moments import NOW, TODAY
from tests.members.segments.population import (
    CHANNELS,
    CUSTOM,
    KINDS,
    NICKS,
    SOURCES,
    STAGES,
    populate,
)
from tests.members.segments.population_of_events import EVENT_KINDS

pytestmark = pytest.mark.django_db
# The same trees every time, so that a failure is somebody's change and not the weather.
STEADY = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": list(HealthCheck),
}


@pytest.fixture
def world(inside_brand):
    return populate(inside_brand)


def some(values):
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


def forward(ends):
    """Return two ends of a span; one that goes back is refused."""
    return dict(zip(("from", "to"), sorted(ends), strict=True))


def days():
    return st.integers(0, 45)


def dates():
    return st.integers(-3, 45).map(lambda ago: (TODAY - timedelta(days=ago)).isoformat())


def either(bare, main, **details):
    """The value bare, or an object with some of the details."""
    extended = st.fixed_dictionaries({main: bare}, optional=details)
    return bare | extended


def leaf(field, comparisons, values):
    return st.builds(
        lambda cmp, value: {"field": field, "cmp": cmp, "value": value},
        st.sampled_from(comparisons),
        values,
    )


def bare_leaf(field):
    return st.sampled_from(["known", "unknown"]).map(lambda cmp: {"field": field, "cmp": cmp})


def when(field):
    between = st.lists(dates(), min_size=2, max_size=2).map(forward)
    return leaf(field, ["within", "before"], days()) | leaf(field, ["between"], between)


def order_window():
    return {
        "days": days(),
        "as_of": dates(),
        "channel": st.sampled_from([c for c in CHANNELS if c]),
    }


def conditions(world):
    tag_details = {"source": some(SOURCES), "days": days(), "since": dates()}
    share = st.fixed_dictionaries(
        {"percent": st.integers(1, 99)},
        optional={"seed": st.integers(0, 10**6), "salt": st.sampled_from(["春", "autumn"])},
    )
    read = st.fixed_dictionaries({"number": st.integers(0, 15), "days": st.integers(0, 65)})
    money = st.integers(0, 60).map(lambda n: n * 100)
    channel = {"channel": st.sampled_from(["app"])}
    last = {"as_of": dates(), **channel}
    return st.one_of(
        leaf("stage", ["in", "not_in"], some(STAGES)),
        leaf("gender", ["in", "not_in"], some(["f", "m"])),
        leaf("source", ["in", "not_in"], some(["app", "import"])),
        leaf("city", ["in", "not_in"], some(["3301", "3302", "3101"])),
        leaf("province", ["in", "not_in"], some(["浙江省", "上海市"])),
        leaf("dealer", ["in", "not_in"], some(world.dealer_ids)),
        leaf("region", ["in", "not_in"], some(world.region_ids)),
        leaf("name", ["prefix", "eq"], st.sampled_from(["王", "王%", "李_", "张\\", "张'", "%"])),
        leaf("stage_days", ["gte", "lte"], days()),
        leaf("tags", ["any", "all", "none"], either(some(world.tag_ids), "in", **tag_details)),
        leaf("tags.group", ["any", "none"], either(some(world.group_ids), "in", **tag_details)),
        leaf("vehicle.model", ["in", "not_in"], either(some(world.model_ids), "in", days=days())),
        leaf("consent", ["given", "withdrawn", "not_given"], some(["community", "marketing"])),
        leaf(
            "orders.count",
            ["gte", "lte", "eq"],
            either(st.integers(0, 6), "number", **order_window()),
        ),
        leaf("orders.sum", ["gte", "lte"], either(money, "fen", **order_window())),
        leaf("orders.average", ["gte", "lte"], either(money, "fen", **order_window())),
        leaf("orders.last", ["within", "before"], either(days(), "days", **last)),
        leaf("orders.first", ["within", "before"], either(days(), "days", **channel)),
        leaf("vehicle.age", ["gte", "lte"], st.integers(0, 40)),
        leaf("vehicle.mileage", ["gte", "lte"], st.integers(0, 60).map(lambda n: n * 1000)),
        leaf("community", ["in", "not_in"], some(world.community_ids)),
        leaf("community_kind", ["in", "not_in"], some(KINDS)),
        leaf("community.room", ["in", "not_in"], some(world.room_ids)),
        leaf(
            "community.role",
            ["in", "not_in"],
            either(some(["member", "admin", "president"]), "in", kind=some(KINDS)),
        ),
        leaf("messages.read", ["gte", "lte"], read),
        *points_conditions(),
        *event_conditions(world),
        leaf("segment", ["in", "not_in"], some(list(world.segments))),
        leaf("random", ["share"], share),
        *custom_conditions(world),
        *(
            bare_leaf(field)
            for field in ("city", "dealer", "phone", "vehicle", "community.seat", "events.ever")
        ),
        *(bare_leaf(f"custom.{key}") for key, *_rest in CUSTOM),
        *(when(field) for field in ("joined", "last_active", "vehicle.delivered", "orders.first")),
    )


def points_conditions():
    window = st.fixed_dictionaries({"number": st.integers(0, 90), "days": days()})
    span = st.lists(st.integers(0, 90), min_size=2, max_size=2).map(forward)
    return [
        *(
            leaf(field, ["gte", "lte"], st.integers(0, 90)) | leaf(field, ["between"], span)
            for field in ("points.balance", "points.contribution")
        ),
        *(leaf(field, ["gte", "lte"], window) for field in ("points.earned", "points.spent")),
        leaf("points.last", ["within", "before"], days()),
    ]


def event_conditions(world):
    kind = {"kind": some(EVENT_KINDS)}
    times = either(st.integers(0, 4), "number", days=st.integers(0, 65), **kind)
    whats = {"what": some(["registered", "checked_in"])}
    return [
        leaf("events.attended", ["gte", "lte"], times),
        leaf("events.missed", ["gte", "lte"], times),
        leaf("events.event", ["in", "not_in"], either(some(world.event_ids), "in", **whats)),
        leaf("events.last", ["within", "before"], either(st.integers(0, 65), "days", **kind)),
    ]


def custom_conditions(world):
    whole, quarters = st.integers(-2, 7), st.integers(0, 20).map(lambda n: n / 4)
    numbers = [("custom.family", whole), ("custom.score", quarters)]
    return [
        leaf("custom.nick", ["eq", "not_eq", "prefix"], st.sampled_from(NICKS)),
        *(leaf(field, ["gte", "lte", "eq"], number) for field, number in numbers),
        *(
            leaf(field, ["between"], st.lists(number, min_size=2, max_size=2).map(forward))
            for field, number in numbers
        ),
        when("custom.swap"),
        leaf("custom.swap", ["ahead"], days()),
        leaf("custom.purpose", ["in", "not_in"], some(world.choice_ids["purpose"])),
        leaf("custom.likes", ["any", "all", "none"], some(world.choice_ids["likes"])),
    ]


def trees(world):
    def groups(children):
        return st.builds(
            lambda op, items: {"op": op, "items": items},
            st.sampled_from(["all", "any", "not"]),
            st.lists(children, min_size=1, max_size=3),
        )

    return groups(st.recursive(conditions(world), groups, max_leaves=7))


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


def test_every_field_is_known_to_the_oracle(world):
    """A field nobody wrote an oracle for would never be drawn."""
    fields = registry.of(world.brand_id)
    assert {criterion.field for criterion in fields.all()} == set(oracle.CONDITIONS)


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
