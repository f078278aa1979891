"""The JSON form of a tree as a JSON Schema (2020-12), written from what is registered.

It says what a program can know beforehand: fields, comparisons, and the shape of their values.
Whether a choice exists in the brand, and limits on the whole tree, the service judges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import translation

from members.segments import rules
from members.segments.ports import InputKind

if TYPE_CHECKING:
    from members.segments.ports import Comparison, Criterion, Fields, Input

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAX_ID = 2**63 - 1
TEXT = {"type": "string", "minLength": 1, "maxLength": rules.MAX_TEXT, "pattern": rules.TEXT}
# Days that exist, from 1900 to 2200. Of the years that 100 divides, only 2000 leaps.
DAY = (
    "^("
    "(19[0-9][0-9]|20[0-9][0-9]|21[0-9][0-9]|2200)-("
    "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
    "|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-8])"
    ")"
    "|((19|20|21)(0[48]|[2468][048]|[13579][26])|2000)-02-29"
    ")$"
)
# The end of a pattern may stand before a line's end, so the length is said as well.
DATE = {"type": "string", "format": "date", "minLength": 10, "maxLength": 10, "pattern": DAY}
SAID_ELSEWHERE = (
    f"At most {rules.MAX_CONDITIONS} conditions in all. Choices are ids of this brand, or the words"
    " a field knows; one that does not exist is refused with a pointer to its condition. What is"
    " left empty is left out. A span does not go back. Decimal places count in decimal: 0.29 has"
    " two, whatever a machine's floating point makes of 0.29 / 0.01."
)


def schema_of(registry: Fields, *, address: str = "") -> dict[str, Any]:
    """Return the schema of every tree that ``rules.parse`` can read, with English names.

    A tree nests at most ``MAX_DEPTH`` deep, so that the levels are written out one by one.
    """
    with translation.override("en"):
        fields = {criterion.field: _field(criterion) for criterion in registry.all()}
    levels = range(1, rules.MAX_DEPTH + 1)
    nodes = {f"node{depth}": _node(depth) for depth in levels}
    schema: dict[str, Any] = {"$schema": DIALECT, **({"$id": address} if address else {})}
    return schema | {
        "title": "Conditions of a segment",
        "description": SAID_ELSEWHERE,
        "anyOf": [
            {"$ref": "#/$defs/node1"},
            {
                "title": "Everybody",
                "type": "object",
                "properties": {"op": {"const": "all"}, "items": {"type": "array", "maxItems": 0}},
                "required": ["op", "items"],
                "additionalProperties": False,
            },
        ],
        "$defs": nodes | {"condition": _condition(fields)} | _named(fields),
    }


def _node(depth: int) -> dict[str, Any]:
    """A condition or, unless this is as deep as it goes, a group; "op" tells which it is."""
    condition = {"$ref": "#/$defs/condition"}
    inner = f"#/$defs/node{depth + 1}" if depth < rules.MAX_DEPTH else None
    items: dict[str, Any] = {"$ref": inner} if inner else {"not": {}}
    group = {
        "type": "object",
        "properties": {
            "op": {"enum": list(rules.OPS)},
            "items": {
                "type": "array",
                "minItems": 1,
                "maxItems": rules.MAX_ITEMS,
                "items": items,
            },
        },
        "required": ["op", "items"],
        "additionalProperties": False,
    }
    return {"type": "object", "if": {"required": ["op"]}, "then": group, "else": condition}


def _condition(fields: dict[str, Any]) -> dict[str, Any]:
    """Each field's own schema applies where its name stands, so that a refusal is about it."""
    return {
        "type": "object",
        "properties": {"field": {"enum": list(fields)}},
        "required": ["field", "cmp"],
        "allOf": [
            {
                "if": {"properties": {"field": {"const": field}}, "required": ["field"]},
                "then": {"$ref": f"#/$defs/{_key(field)}"},
            }
            for field in fields
        ],
    }


def _named(fields: dict[str, Any]) -> dict[str, Any]:
    return {_key(field): schema for field, schema in fields.items()}


def _key(field: str) -> str:
    return f"field.{field}"


def _field(criterion: Criterion) -> dict[str, Any]:
    title = f"{criterion.group}: {criterion.label}"
    return {"title": title, "oneOf": [_comparison(criterion, cmp) for cmp in criterion.comparisons]}


def _comparison(criterion: Criterion, cmp: Comparison) -> dict[str, Any]:
    properties: dict[str, Any] = {"field": {"const": criterion.field}, "cmp": {"const": cmp.key}}
    required = ["field", "cmp"]
    if cmp.inputs:
        properties["value"] = _value(cmp.inputs)
        if any(each.required for each in cmp.inputs):
            required.append("value")
    else:
        properties["value"] = {"anyOf": [{"type": "null"}, {"type": "object", "maxProperties": 0}]}
    return {
        "title": str(cmp.label),
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _value(inputs: tuple[Input, ...]) -> dict[str, Any]:
    """Every input by its name; the main one also bare, where the others may stay empty."""
    whole = {
        "type": "object",
        "properties": {each.name: _input(each) for each in inputs},
        "required": [each.name for each in inputs if each.required],
        "additionalProperties": False,
    }
    if any(each.required for each in inputs[1:]):
        return whole
    return {"anyOf": [_input(inputs[0]), whole]}


def _input(each: Input) -> dict[str, Any]:
    told = f"{each.label}, {each.unit}" if each.unit else str(each.label)
    return {"title": told, **_kind(each)}


def _kind(each: Input) -> dict[str, Any]:
    if each.kind == InputKind.CHOICES:
        return _choices()
    if each.kind == InputKind.TEXT:
        return dict(TEXT)
    if each.kind == InputKind.DATE:
        return dict(DATE)
    if each.kind == InputKind.DECIMAL:
        told = f"At most {each.places} decimal places."
        step = 1 / 10**each.places if each.places else 1
        limits = {"type": "number", "minimum": each.low, "maximum": each.high, "multipleOf": step}
        return limits | {"description": told}
    limits = {"type": "integer", "minimum": each.low, "maximum": each.high}
    if each.kind == InputKind.MONEY:
        limits["description"] = "Integer fen: ¥1 is 100."
    return limits


def _choices() -> dict[str, Any]:
    number = {"type": "integer", "minimum": 1, "maximum": MAX_ID}
    lists = [
        {"type": "array", "minItems": 1, "maxItems": rules.MAX_CHOICES, "items": kind}
        for kind in (number, TEXT)
    ]
    return {"anyOf": [*lists, number, TEXT]}
