"""What a tree may look like: every refusal points to its place."""

import pytest

from core.kernel.errors import InvalidInput
from members.segments import rules
from members.segments.ports import registry

STAGE = {"field": "stage", "cmp": "in", "value": ["growth"]}


def problems(tree):
    with pytest.raises(InvalidInput) as refusal:
        rules.parse(tree, registry=registry)
    return {problem.pointer: problem.code for problem in refusal.value.problems}


def leaf(**changes):
    return {"op": "all", "items": [STAGE | changes]}


def nested(depth):
    tree = STAGE
    for _ in range(depth):
        tree = {"op": "all", "items": [tree]}
    return tree


@pytest.mark.parametrize(
    ("tree", "pointer", "code"),
    [
        (None, "", "not_an_object"),
        ([], "", "not_an_object"),
        ("all", "", "not_an_object"),
        ({"op": "nor", "items": [STAGE]}, "/op", "unknown_op"),
        ({"op": "all", "items": {}}, "/items", "not_a_list"),
        ({"op": "any", "items": []}, "", "empty"),
        ({"op": "all", "items": [{"op": "all", "items": []}]}, "/items/0", "empty"),
        ({"op": "all", "items": [STAGE], "limit": 5}, "/limit", "unknown_key"),
        ({"op": "all", "items": [STAGE] * 41}, "/items", "too_many"),
        ({"op": "all", "items": [{"op": "any", "items": [STAGE] * 31}] * 2}, "", "too_many"),
        (nested(8), "/items/0" * 8, "too_deep"),
        ({"op": "all", "items": [7]}, "/items/0", "not_an_object"),
        (leaf(field="password"), "/items/0/field", "unknown_field"),
        (leaf(field=["stage"]), "/items/0/field", "unknown_field"),
        (leaf(cmp="like"), "/items/0/cmp", "unknown_cmp"),
        (leaf(cmp=None), "/items/0/cmp", "unknown_cmp"),
        (leaf(sql="1=1"), "/items/0/sql", "unknown_key"),
        (leaf(value=None), "/items/0/value", "required"),
        (leaf(value=[]), "/items/0/value", "required"),
        (leaf(value=[["growth"]]), "/items/0/value", "invalid"),
        (leaf(value=["growth", 1]), "/items/0/value", "invalid"),
        (leaf(value=["gr\0wth"]), "/items/0/value", "invalid"),
        (leaf(value={"among": ["growth"]}), "/items/0/value/among", "unknown_key"),
        (leaf(field="tags", cmp="any", value=[2**63]), "/items/0/value", "invalid"),
        (leaf(field="tags", cmp="any", value=[True]), "/items/0/value", "invalid"),
        (leaf(field="name", cmp="prefix", value="x" * 81), "/items/0/value", "invalid"),
        (leaf(field="phone", cmp="known", value=1), "/items/0/value", "not_needed"),
        (leaf(field="joined", cmp="within", value="9"), "/items/0/value", "invalid"),
        (leaf(field="joined", cmp="within", value=True), "/items/0/value", "invalid"),
        (leaf(field="joined", cmp="within", value=1.5), "/items/0/value", "invalid"),
        (leaf(field="joined", cmp="within", value=-1), "/items/0/value", "invalid"),
        (
            leaf(field="joined", cmp="between", value={"from": "2026-02-30", "to": "2026-03-01"}),
            "/items/0/value/from",
            "invalid",
        ),
        (
            leaf(field="joined", cmp="between", value={"from": "0001-01-01", "to": "2026-03-01"}),
            "/items/0/value/from",
            "invalid",
        ),
        (
            leaf(field="joined", cmp="between", value={"from": "2026-03-02", "to": "2026-03-01"}),
            "/items/0/value/to",
            "ends_before_start",
        ),
        (
            leaf(field="orders.count", cmp="gte", value={"number": 2, "days": 10**9}),
            "/items/0/value/days",
            "invalid",
        ),
    ],
)
def test_a_wrong_tree_is_refused_at_its_place(tree, pointer, code):
    assert problems(tree).get(pointer) == code


def test_all_problems_are_told_at_once():
    tree = {"op": "any", "items": [STAGE | {"cmp": "x"}, STAGE | {"field": "y"}, STAGE]}
    assert sorted(problems(tree)) == ["/items/0/cmp", "/items/1/field"]


def test_an_empty_tree_is_everybody():
    assert rules.parse(rules.EVERYONE, registry=registry).items == ()


def test_a_lone_condition_is_a_tree():
    assert rules.parse(STAGE, registry=registry).json == {"op": "all", "items": [STAGE]}


def test_a_value_is_kept_bare_where_it_can_be():
    said = {"field": "orders.count", "cmp": "gte", "value": {"number": 2}}
    assert rules.parse(said, registry=registry).json["items"] == [said | {"value": 2}]
