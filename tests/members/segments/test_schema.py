"""The published schema reads what the service reads, and refuses what it refuses."""

import copy
import json
from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.validators import extend
from rest_framework.test import APIClient

from core.kernel.errors import InvalidInput
from members.segments import rules, selectors
from members.segments.ports import registry
from tests.members.segments.drawing import STEADY, trees
from tests.members.segments.population import populate
from tests.members.segments.test_selectors import all_of

pytestmark = pytest.mark.django_db


def is_integral(_checker, value):
    return type(value) is int or (isinstance(value, Decimal) and value == value.to_integral_value())


# JSON's numbers are decimal: 0.29 has two places, and 5.0 is an integer.
Exact = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", is_integral),
)


def exact(value):
    return json.loads(json.dumps(value), parse_float=Decimal)


class Judge:
    """The schema, asked about trees as they travel."""

    def __init__(self, schema):
        Draft202012Validator.check_schema(schema)
        self.schema = schema
        self.validator = Exact(exact(schema))

    def is_valid(self, tree):
        with localcontext(prec=60):
            return self.validator.is_valid(exact(tree))

    def of_field(self, field):
        """The schema of one field's conditions alone, which is asked faster."""
        return Judge(self.schema["$defs"][f"field.{field}"])


@pytest.fixture(scope="module")
def validator():
    return Judge(selectors.schema())


@pytest.fixture
def world(inside_brand):
    return populate(inside_brand, count=5)


@pytest.fixture
def brands(world):
    """The fields of a brand with some of its own, and their schema."""
    return registry.of(world.brand_id), Judge(selectors.schema(brand_id=world.brand_id))


def is_read(tree, fields=registry):
    try:
        rules.parse(tree, registry=fields)
    except InvalidInput:
        return False
    return True


def test_every_tree_that_is_read_meets_the_schema_as_written_and_in_canonical_form(world, brands):
    fields, validator = brands

    @settings(max_examples=200, **STEADY)
    @given(trees(world))
    def check(tree):
        assert validator.is_valid(tree), tree
        canonical = rules.parse(tree, registry=fields).json
        assert validator.is_valid(canonical), canonical

    check()


BREAKS = {
    "a field nobody knows": lambda leaf: leaf.update(field="nobody"),
    "a comparison of another field": lambda leaf: leaf.update(cmp="nearly"),
    "a key that is not part of it": lambda leaf: leaf.update(wanted=1),
    "a value it does not take": lambda leaf: leaf.update(value={"nothing": 1}),
    "no comparison": lambda leaf: leaf.pop("cmp"),
}


def first_leaf(node):
    return first_leaf(node["items"][0]) if "op" in node else node


def test_what_is_broken_meets_neither(world, brands):
    fields, validator = brands

    @settings(max_examples=100, **STEADY)
    @given(trees(world), st.sampled_from(sorted(BREAKS)))
    def check(tree, name):
        broken = copy.deepcopy(tree)
        BREAKS[name](first_leaf(broken))
        assert not is_read(broken, fields)
        assert not validator.is_valid(broken), (name, broken)

    check()


def nested(depth):
    node = {"field": "stage", "cmp": "in", "value": ["growth"]}
    for _level in range(depth):
        node = all_of(node)
    return node


@pytest.mark.parametrize(
    ("tree", "is_fine"),
    [
        (all_of(), True),
        ({"op": "any", "items": []}, False),
        (all_of(all_of()), False),
        ({"field": "stage", "cmp": "in", "value": "growth"}, True),
        ({"field": "phone", "cmp": "known"}, True),
        ({"field": "phone", "cmp": "known", "value": 1}, False),
        ({"field": "joined", "cmp": "between", "value": "2026-01-01"}, False),
        ({"field": "joined", "cmp": "between", "value": {"from": "2026-01-01"}}, False),
        ({"field": "stage_days", "cmp": "gte", "value": -1}, False),
        ({"field": "stage_days", "cmp": "gte", "value": "5"}, False),
        ({"field": "orders.count", "cmp": "gte", "value": {"days": 3}}, False),
        ({"field": "tags", "cmp": "any", "value": [1, "two"]}, False),
        ({"field": "name", "cmp": "eq", "value": "x" * 81}, False),
        (
            {
                "field": "joined",
                "cmp": "between",
                "value": {"from": "2024-02-29", "to": "2200-12-31"},
            },
            True,
        ),
        ({"field": "stage_days", "cmp": "gte", "value": 5.0}, True),
        ({"field": "orders.count", "cmp": "gte", "value": {"number": 2, "days": None}}, False),
        ({"field": "orders.count", "cmp": "gte", "value": {"number": 2, "channel": ""}}, False),
        ({"field": "orders.count", "cmp": "gte", "value": {"number": 2, "category": []}}, False),
        ({"field": "orders.category", "cmp": "in", "value": {"in": ["精品"], "days": 9}}, True),
        ([], False),
        (nested(rules.MAX_DEPTH - 1), True),
        (nested(rules.MAX_DEPTH), False),
    ],
)
def test_the_schema_and_the_service_agree(tree, is_fine, validator):
    assert is_read(tree) is is_fine
    assert validator.is_valid(tree) is is_fine


PLAIN = {"choices": [1], "date": "2026-01-01", "text": "x"}
# What stands at an edge of some kind of value.
ODD = [
    *(None, "", [], {}, " ", "\t\n", "\u3000", "\x1f", "a ", " a", "a\u2028b", "\ufeff", "\u200b"),
    *("a\0", "\0", "\ud800", "a\udfff", "😀", "x" * 80, "x" * 81, "x" * 80 + " ", " " * 80 + "x"),
    *(
        "2026-01-01",
        "20260101",
        "2026-W01-1",
        "2026-1-1",
        "2026-01-01\n",
        " 2026-01-01",
        "٢٠٢٦-01-01",
    ),
    *("1899-12-31", "1900-01-01", "2200-12-31", "2201-01-01", "2299-01-01", "0001-01-01"),
    *("1900-02-29", "2000-02-29", "2024-02-29", "2026-02-29", "2100-02-29", "2200-02-29"),
    *("2026-02-30", "2026-04-31", "2026-06-30", "2026-12-31", "2026-00-10", "2026-13-01"),
    *("2026-01-01T00:00:00", "5", True, False, -1, -0.0, 0, 1, 5, 5.0, 5.5, 1e3, -5.0),
    *(0.1, 0.29, 0.3, 0.125, 1.005, 4.35, 36_500, 36_501, 2**53, 2**63 - 1, 2**63, 1e18, 1e30),
    *([1], [1.0], [1, 2.0], [1.5], [0], [-1], [True], [2**63], [1, "a"], ["a"], ["a", " "], ["\0"]),
    *(["x" * 81], [[1]], [None], [1] * 1000, [1] * 1001),
]


def spots(fields):
    """One condition for every sort of input: field, comparison, values, the name of the input."""
    seen = set()
    for criterion in fields.all():
        for comparison in criterion.comparisons:
            values = {
                each.name: PLAIN.get(each.kind, each.low)
                for each in comparison.inputs
                if each.required
            }
            for place, each in enumerate(comparison.inputs):
                sort = (each.kind, each.low, each.high, each.places, each.required, place == 0)
                if sort not in seen:
                    seen.add(sort)
                    yield criterion.field, comparison.key, values, each.name, place == 0


def test_both_judge_what_stands_at_an_edge_alike(brands):
    fields, judge = brands
    kinds, answers = set(), set()
    for field, cmp, values, name, is_main in spots(fields):
        of_field = judge.of_field(field)
        for odd in ODD:
            asked = [values | {name: odd}, *([odd] if is_main else [])]
            for value in asked:
                leaf = {"field": field, "cmp": cmp, "value": value}
                if goes_back(value):
                    continue
                answer = is_read(leaf, fields)
                assert of_field.is_valid(leaf) is answer, leaf
                answers.add(answer)
        kinds.add(fields.get(field).comparison(cmp).inputs[0].kind)
    assert answers == {True, False}
    assert len(kinds) >= 6


def goes_back(value):
    """What the schema says in words only."""
    if not isinstance(value, dict) or not {"from", "to"} <= set(value):
        return False
    start, end = value["from"], value["to"]
    numbers = {type(start), type(end)} <= {int, float}
    return (numbers or {type(start), type(end)} == {str}) and start > end


def test_every_field_stands_in_it_with_an_english_title(validator):
    fields = {criterion.field for criterion in registry.all()}
    known = {key.removeprefix("field."): value for key, value in validator.schema["$defs"].items()}
    assert fields <= set(known)
    assert known["orders.first"]["title"] == "Orders: First order"


def test_it_is_published(staff):
    client = APIClient()
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.get("/api/v1/segments/schema/")
    assert answer.status_code == 200
    published = json.loads(answer.content)
    assert published["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert published["$id"].endswith("/api/v1/segments/schema/")
    Draft202012Validator.check_schema(published)
