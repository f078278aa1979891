"""The published schema reads what the service reads, and refuses what it refuses."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from rest_framework.test import APIClient

from core.kernel.errors import InvalidInput
from members.segments import rules, selectors
from members.segments.ports import registry
from tests.members.segments.population import populate
from tests.members.segments.test_selectors import STEADY, all_of, trees

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def validator():
    schema = selectors.schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.fixture
def world(inside_brand):
    return populate(inside_brand, count=5)


@pytest.fixture
def brands(world):
    """The fields of a brand with some of its own, and their schema."""
    schema = selectors.schema(brand_id=world.brand_id)
    Draft202012Validator.check_schema(schema)
    return registry.of(world.brand_id), Draft202012Validator(schema)


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
        ([], False),
        (nested(rules.MAX_DEPTH - 1), True),
        (nested(rules.MAX_DEPTH), False),
    ],
)
def test_the_schema_and_the_service_agree(tree, is_fine, validator):
    assert is_read(tree) is is_fine
    assert validator.is_valid(tree) is is_fine


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
