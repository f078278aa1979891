"""What is drawn leaves nothing out: each field, comparison and optional input, and it tells."""

import pytest
from hypothesis import Phase, given, settings

from members.segments.ports import registry
from tests.members.segments import oracle
from tests.members.segments.drawing import STEADY, every_condition
from tests.members.segments.population import populate
from tests.members.segments.test_selectors import all_of, found

pytestmark = pytest.mark.django_db
FEW, MANY = 100, 800  # conditions drawn of a strategy; many where few leave something out


@pytest.fixture
def world(inside_brand):
    return populate(inside_brand)


def drawn(strategy, number, fields):
    """Conditions by field, comparison and optional input; None stands for the comparison alone."""
    found = {}

    @settings(max_examples=number, phases=[Phase.generate], **STEADY)
    @given(strategy)
    def collect(leaf):
        comparison = fields.get(leaf["field"]).comparison(leaf["cmp"])
        value = leaf.get("value")
        optional = {each.name for each in comparison.inputs if not each.required}
        named = optional & set(value) if isinstance(value, dict) else set()
        for name in (None, *named):
            found.setdefault((leaf["field"], leaf["cmp"], name), []).append(leaf)

    collect()
    return found


def registered(world):
    """Every field, comparison and optional input that a tree of this brand may name."""
    return {
        (criterion.field, comparison.key, name)
        for criterion in registry.of(world.brand_id).all()
        for comparison in criterion.comparisons
        for name in (None, *(each.name for each in comparison.inputs if not each.required))
    }


def chosen(leaf, world):
    return {person.row.pk for person in world.people if oracle.holds(leaf, person, world)}


def without(leaf, name):
    value = {key: each for key, each in leaf["value"].items() if key != name}
    return leaf | {"value": value}


def telling(leaves, name, world):
    """The first that selects some and leaves some out, or does so by its optional input."""
    everybody = {person.row.pk for person in world.people}
    for leaf in leaves:
        wanted = chosen(leaf, world)
        if name is None:
            tells = set() < wanted < everybody
        else:
            tells = wanted != chosen(without(leaf, name), world)
        if tells:
            return leaf
    return None


def test_everything_registered_is_drawn_and_tells(world):
    seen, fields, every = set(), registry.of(world.brand_id), registered(world)
    for strategy in every_condition(world):
        tells = told(drawn(strategy, FEW, fields), world)
        compared = {key[:2] for key in tells}
        if None in tells.values() or {key for key in every if key[:2] in compared} - set(tells):
            tells = told(drawn(strategy, MANY, fields), world)
        for key, leaf in tells.items():
            assert leaf is not None, f"nothing that is drawn of {key} tells anybody apart"
            assert set(found(all_of(leaf), world)) == chosen(leaf, world), leaf
        seen |= set(tells)
    assert seen == every


def told(conditions, world):
    return {key: telling(leaves, key[2], world) for key, leaves in conditions.items()}


def test_the_oracle_knows_every_field(world):
    fields = {field for field, _cmp, _name in registered(world)}
    assert fields == set(oracle.CONDITIONS)
