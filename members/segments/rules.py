"""The tree of conditions as plain values: parsing, limits, and what each value may be.

JSON form: ``{"op": "all" | "any" | "not", "items": [...]}`` joins nodes (``not`` means none of
its items), ``{"field": ..., "cmp": ..., "value": ...}`` is a condition.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from core.kernel import periods
from core.kernel.errors import InvalidInput, Problem
from members.segments.ports import Comparison, Criterion, Fields, Input, InputKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_DEPTH = 8
MAX_CONDITIONS = 60
MAX_ITEMS = 40
MAX_CHOICES = 1000
MAX_TEXT = 80
FIRST_YEAR, LAST_YEAR = 1900, 2200
# Written so that every engine of expressions reads them alike; the published schema says the same.
BLANK = r"\t-\r\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
UNSTORABLE = r"\u0000\ud800-\udfff"
# Anything that PostgreSQL can keep, with at least one character that is no space.
TEXT = rf"^[{BLANK}]*[^{BLANK}{UNSTORABLE}][^{UNSTORABLE}]*$"
OPS = ("all", "any", "not")
EVERYONE: dict[str, Any] = {"op": "all", "items": []}


@dataclass(frozen=True, slots=True)
class Leaf:
    """One condition. ``pointer`` is its place in the JSON form."""

    criterion: Criterion
    comparison: Comparison
    value: Mapping[str, Any]
    pointer: str

    @property
    def json(self) -> dict[str, Any]:
        """The canonical form: a bare value where only the main input is filled in."""
        plain = {name: _jsonable(value) for name, value in self.value.items()}
        leaf: dict[str, Any] = {"field": self.criterion.field, "cmp": self.comparison.key}
        main = self.comparison.inputs[0].name if self.comparison.inputs else None
        if plain:
            leaf["value"] = plain[main] if main is not None and list(plain) == [main] else plain
        return leaf


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes joined by one word. ``stands_for`` is the condition that was resolved into them."""

    op: str
    items: tuple[Node, ...]
    pointer: str
    stands_for: Leaf | None = None

    @property
    def json(self) -> dict[str, Any]:
        """The canonical form."""
        return {"op": self.op, "items": [item.json for item in self.items]}


Node = Leaf | Group


def leaves(node: Node) -> Iterator[Leaf]:
    """Yield every condition, in reading order, also those of resolved segments."""
    if isinstance(node, Leaf):
        yield node
    else:
        for item in node.items:
            yield from leaves(item)


def written(node: Node) -> Iterator[tuple[Leaf, Node]]:
    """Yield every condition as it was written, with what it was resolved into."""
    if isinstance(node, Leaf):
        yield node, node
    elif node.stands_for is not None:
        yield node.stands_for, node
    else:
        for item in node.items:
            yield from written(item)


@dataclass(slots=True)
class _Reader:
    """Collects every problem before refusing, so that a form can mark them all."""

    registry: Fields
    problems: list[Problem] = field(default_factory=list)
    conditions: int = 0

    def wrong(self, pointer: str, code: str, detail: str) -> None:
        self.problems.append(Problem(pointer, code, detail))


def read(text: str) -> Any:
    """Return the JSON form that a form field posted.

    Raises:
        InvalidInput: it is not JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(_("These conditions cannot be read.")) from error


def parse(raw: Any, *, registry: Fields) -> Group:
    """Check the JSON form and return the tree with typed values.

    An empty outermost group means everybody. Conditions whose fields, comparisons or values are
    wrong are all reported at once.

    Raises:
        InvalidInput: each problem has the JSON pointer of its node or value.
    """
    reader = _Reader(registry)
    node = _node(raw, "", 1, reader)
    if reader.conditions > MAX_CONDITIONS:
        reader.wrong("", "too_many", _("At most %d conditions.") % MAX_CONDITIONS)
    if reader.problems:
        detail = _("Check the conditions: %s") % reader.problems[0].detail
        raise InvalidInput(detail, problems=tuple(reader.problems))
    if isinstance(node, Leaf):
        return Group("all", (node,), "")
    if node is None:
        raise AssertionError("a tree without problems has a root")
    return node


def _node(raw: Any, pointer: str, depth: int, reader: _Reader) -> Node | None:
    if not isinstance(raw, dict):
        reader.wrong(pointer, "not_an_object", _("A condition or a group is needed here."))
        return None
    if depth > MAX_DEPTH:
        reader.wrong(pointer, "too_deep", _("Groups may stand at most %d deep.") % MAX_DEPTH)
        return None
    if "op" in raw:
        return _group(raw, pointer, depth, reader)
    return _leaf(raw, pointer, reader)


def _group(raw: dict[str, Any], pointer: str, depth: int, reader: _Reader) -> Group | None:
    _only_keys(raw, {"op", "items"}, pointer, reader)
    op, items = raw["op"], raw.get("items")
    if op not in OPS:
        reader.wrong(f"{pointer}/op", "unknown_op", _("Use all, any or not."))
    if not isinstance(items, list):
        reader.wrong(f"{pointer}/items", "not_a_list", _("A list of conditions is needed here."))
        return None
    if not items and (pointer or op != "all"):
        reader.wrong(pointer, "empty", _("This group has no condition."))
    if len(items) > MAX_ITEMS:
        reader.wrong(f"{pointer}/items", "too_many", _("At most %d items a group.") % MAX_ITEMS)
        return None
    nodes = [_node(item, f"{pointer}/items/{n}", depth + 1, reader) for n, item in enumerate(items)]
    return Group(str(op), tuple(node for node in nodes if node is not None), pointer)


def _leaf(raw: dict[str, Any], pointer: str, reader: _Reader) -> Leaf | None:
    reader.conditions += 1
    _only_keys(raw, {"field", "cmp", "value"}, pointer, reader)
    key = raw.get("field")
    criterion = reader.registry.get(key) if isinstance(key, str) else None
    if criterion is None:
        reader.wrong(f"{pointer}/field", "unknown_field", _("Choose what the condition is about."))
        return None
    cmp = raw.get("cmp")
    comparison = criterion.comparison(cmp) if isinstance(cmp, str) else None
    if comparison is None:
        reader.wrong(f"{pointer}/cmp", "unknown_cmp", _("Choose how to compare."))
        return None
    value = _values(raw.get("value"), comparison, f"{pointer}/value", reader)
    return Leaf(criterion, comparison, value, pointer)


def _only_keys(raw: dict[str, Any], known: set[str], pointer: str, reader: _Reader) -> None:
    for key in sorted(set(raw) - known):
        reader.wrong(f"{pointer}/{key}", "unknown_key", _("“%s” is not part of a condition.") % key)


def _values(raw: Any, comparison: Comparison, pointer: str, reader: _Reader) -> dict[str, Any]:
    inputs = comparison.inputs
    if not inputs:
        if raw not in (None, {}):
            reader.wrong(pointer, "not_needed", _("This comparison takes no value."))
        return {}
    given = raw if isinstance(raw, dict) else {} if raw is None else {inputs[0].name: raw}
    bare = not isinstance(raw, dict)
    for name in sorted(set(given) - {each.name for each in inputs}):
        reader.wrong(f"{pointer}/{name}", "unknown_key", _("“%s” is not known here.") % name)
    values: dict[str, Any] = {}
    for each in inputs:
        here = pointer if bare else f"{pointer}/{each.name}"
        value = given.get(each.name)
        if value in (None, "", []) and each.required:
            reader.wrong(here, "required", _("Fill in: %s.") % each.label)
        # What is left empty is left out: an optional input that stands there needs a value too.
        if each.name not in given or (value in (None, "", []) and each.required):
            continue
        problem, typed = _typed(each, value)
        if problem:
            reader.wrong(here, "invalid", problem)
        else:
            values[each.name] = typed
    _check_span(values, pointer, reader)
    return values


def _check_span(values: dict[str, Any], pointer: str, reader: _Reader) -> None:
    """Refuse days or numbers from a later one to an earlier one, between which nothing is."""
    if periods.goes_back(values.get("from"), values.get("to")):
        reader.wrong(f"{pointer}/to", periods.CODE, str(periods.TEXT))


def _typed(each: Input, value: Any) -> tuple[str, Any]:
    """Return a refusal for people, or an empty one and the typed value."""
    if each.kind == InputKind.CHOICES:
        return _choices(value)
    if each.kind == InputKind.TEXT:
        return _text(value)
    if each.kind == InputKind.DATE:
        return _date(value)
    return _decimal(each, value) if each.kind == InputKind.DECIMAL else _whole(each, value)


def _whole(each: Input, value: Any) -> tuple[str, Any]:
    number = _integer(value)
    if isinstance(number, bool) or not isinstance(number, int):
        return _("A whole number is needed here."), None
    return _between(each, number)


def _integer(value: Any) -> Any:
    """Return a float without a fraction as the integer it is in JSON; all else as it came."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _between(each: Input, value: Any) -> tuple[str, Any]:
    if each.low <= value <= each.high:
        return "", value
    bounds = {"low": each.low, "high": each.high}
    return _("A number from %(low)d to %(high)d is needed here.") % bounds, None


def _decimal(each: Input, value: Any) -> tuple[str, Any]:
    number = None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = Decimal(str(value))
    if number is None or not number.is_finite():
        return _("A number with at most %d decimal places is needed here.") % each.places, None
    refusal, number = _between(each, number)
    # Only what is not too large can be rounded.
    if number is not None and number != round(number, each.places):
        return _("A number with at most %d decimal places is needed here.") % each.places, None
    return refusal, number


def _text(value: Any) -> tuple[str, Any]:
    if isinstance(value, str) and _is_text(value):
        return "", value.strip()
    return _("A text of 1 to %d characters is needed here.") % MAX_TEXT, None


def _is_text(value: str) -> bool:
    return len(value) <= MAX_TEXT and re.search(TEXT, value) is not None


def _date(value: Any) -> tuple[str, Any]:
    try:
        day = date.fromisoformat(value)
    except (TypeError, ValueError):
        day = None
    # Python also reads 20260101 and 2026-W01-1.
    if day is None or day.isoformat() != value or not FIRST_YEAR <= day.year <= LAST_YEAR:
        return _("A date such as 2026-11-23 is needed here."), None
    return "", day


def _choices(value: Any) -> tuple[str, Any]:
    wanted = [_integer(each) for each in (value if isinstance(value, list) else [value])]
    kinds = {type(choice) for choice in wanted}
    if kinds not in ({int}, {str}):
        return _("A list of choices is needed here."), None
    if len(wanted) > MAX_CHOICES:
        return _("At most %d choices.") % MAX_CHOICES, None
    if kinds == {int} and not all(0 < choice < 2**63 for choice in wanted):
        return _("This choice does not exist."), None
    if kinds == {str} and not all(map(_is_text, wanted)):
        return _("This choice does not exist."), None
    return "", list(dict.fromkeys(wanted))


def _jsonable(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if isinstance(value, date) else value
