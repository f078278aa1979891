"""Who is in a segment, how many, and why. Every answer is one statement over compiled SQL."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import OperationalError, connection, transaction
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _
from psycopg2.errors import QueryCanceled

from core.kernel.errors import InvalidInput, Problem
from members.profiles.models import Member
from members.segments import rules
from members.segments.compiler import compile_members
from members.segments.criteria.others import SEGMENT_FIELD
from members.segments.models import Segment
from members.segments.ports import Frame, InputKind, Sql, registry
from members.segments.rules import Group, Node
from members.segments.schema import schema_of
from members.segments.wording import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.db.models import QuerySet

    from core.kernel.access import Viewer

# Hash joins over a million members stay in memory; a spill costs more than the whole count.
WORK_MEM = "96MB"
# The indexes asked here are in memory or on flash; a probe is no disk seek.
RANDOM_PAGE_COST = "1.1"
SETTINGS = "SELECT set_config('work_mem', %s, true), set_config('random_page_cost', %s, true)"
MAX_RESOLVED_CONDITIONS = 300
# Not worth asking for.
LEAST_SECONDS = 0.01
COUNT = ("SELECT count(*) FROM (", ") s")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A SELECT whose only column is ``member_id``, each member once; ready for a sub-select."""

    sql: str
    params: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What the builder shows: how many, and a few of them drawn evenly."""

    count: int
    member_ids: list[int]


def parse(*, tree: Any, brand_id: int) -> Group:
    """Check a tree and return it with the trees of the segments it refers to in their place.

    Raises:
        InvalidInput: a condition is malformed, a choice does not exist in this brand, or segments
            refer to each other in a circle.
    """
    return resolve(node=check(tree=tree, brand_id=brand_id), brand_id=brand_id)


def check(*, tree: Any, brand_id: int) -> Group:
    """Check a tree and that everything it names exists in the brand.

    Raises:
        InvalidInput: see ``parse``.
    """
    root = rules.parse(tree, registry=registry.of(brand_id))
    known: dict[Any, set[int | str]] = {}
    problems = []
    for leaf in rules.leaves(root):
        for each in leaf.comparison.inputs:
            if (
                each.kind != InputKind.CHOICES
                or each.options is None
                or each.name not in leaf.value
            ):
                continue
            chosen = set(leaf.value[each.name])
            if each.existing is not None:
                missing = chosen - each.existing(brand_id, chosen)
            else:
                if each.options not in known:
                    known[each.options] = {option.value for option in each.options(brand_id)}
                missing = chosen - known[each.options]
            if missing:
                text = _("%s: a choice is missing or was removed.") % leaf.criterion.label
                problems.append(Problem(f"{leaf.pointer}/value", "unknown_choice", text))
    if problems:
        raise InvalidInput(problems[0].detail, problems=tuple(problems))
    return root


def resolve(*, node: Group, brand_id: int, inside: tuple[int, ...] = ()) -> Group:
    """Return the tree with every reference to a segment replaced by that segment's conditions.

    ``inside`` are the segments being resolved; meeting one of them again is a circle.

    Raises:
        InvalidInput: there is a circle, or the whole grew too large.
    """
    resolved = _resolve(node, brand_id, inside)
    if sum(1 for _leaf in rules.leaves(resolved)) > MAX_RESOLVED_CONDITIONS:
        raise InvalidInput.on("", _("Together with the segments it uses, this is too large."))
    return resolved if isinstance(resolved, Group) else Group("all", (resolved,), "")


def _resolve(node: Node, brand_id: int, inside: tuple[int, ...]) -> Node:
    if isinstance(node, Group):
        items = tuple(_resolve(item, brand_id, inside) for item in node.items)
        return Group(node.op, items, node.pointer)
    if node.criterion.field != SEGMENT_FIELD:
        return node
    wanted = node.value["in"]
    if set(wanted) & set(inside):
        raise InvalidInput.on(f"{node.pointer}/value", _("This segment would contain itself."))
    trees = Segment.objects.filter(brand_id=brand_id, pk__in=wanted).values_list("pk", "tree")
    fields = registry.of(brand_id)
    parts = tuple(
        _resolve(rules.parse(tree, registry=fields), brand_id, (*inside, pk))
        for pk, tree in trees.order_by("pk")
    )
    op = "not" if node.comparison.key == "not_in" else "any"
    return Group(op, parts, node.pointer, stands_for=node)


def member_ids_sql(
    *,
    tree: Mapping[str, Any] | Group,
    brand_id: int,
    dealer_ids: Iterable[int] | None = None,
    now: datetime | None = None,
    only: Sequence[int] | None = None,
    span: tuple[int, int] | None = None,
) -> Compiled:
    """Compile a tree to the SELECT of its members, for a sub-select or a statement of its own.

    ``dealer_ids`` narrows to a viewer's dealers, ``only`` to given members, ``span`` to ids above
    the first and up to the second. Relative days count
    back from ``now``; left out, from this moment. The caller must be inside the brand's tenant.

    Raises:
        InvalidInput: see ``parse``.
    """
    root = tree if isinstance(tree, Group) else parse(tree=tree, brand_id=brand_id)
    sql = compile_members(root, replace(_frame(brand_id, dealer_ids, now, only), span=span))
    return Compiled(sql.text, sql.params)


def count(
    *,
    tree: Mapping[str, Any] | Group,
    brand_id: int,
    dealer_ids: Iterable[int] | None = None,
    now: datetime | None = None,
) -> int:
    """Return how many members meet the tree."""
    found = member_ids_sql(tree=tree, brand_id=brand_id, dealer_ids=dealer_ids, now=now)
    return int(_rows(Sql(found.sql, found.params).within(*COUNT))[0][0])


def preview(
    *,
    tree: Mapping[str, Any] | Group,
    brand_id: int,
    dealer_ids: Iterable[int] | None = None,
    now: datetime | None = None,
    limit: int = 8,
) -> Preview:
    """Count and draw ``limit`` members in one pass; the same tree draws the same ones."""
    found = member_ids_sql(tree=tree, brand_id=brand_id, dealer_ids=dealer_ids, now=now)
    sql = Sql(found.sql, found.params).within("WITH s AS MATERIALIZED (", ")")
    sql += " SELECT (SELECT count(*) FROM s), ARRAY("
    sql += Sql("SELECT member_id FROM s ORDER BY hashint8(member_id) LIMIT %s)", (limit,))
    total, ids = _rows(sql)[0]
    return Preview(int(total), list(ids))


def counts_of_conditions(
    *,
    tree: Mapping[str, Any] | Group,
    brand_id: int,
    dealer_ids: Iterable[int] | None = None,
    now: datetime | None = None,
    budget: float | None = None,
) -> dict[str, int | None]:
    """Return how many members meet each condition alone, by the condition's JSON pointer.

    With a ``budget`` in seconds, conditions that were counted within the last minute come from
    memory, and those that do not fit into the budget any more are None.
    """
    root = tree if isinstance(tree, Group) else parse(tree=tree, brand_id=brand_id)
    frame = _frame(brand_id, dealer_ids, now, None)
    if budget is None:
        return {leaf.pointer: _count_of(node, frame) for leaf, node in rules.written(root)}
    clock = time.monotonic
    deadline, counts = clock() + budget, dict[str, int | None]()
    for leaf, node in rules.written(root):
        key = (brand_id, frame.dealer_ids, frame.today, json.dumps(leaf.json, sort_keys=True))
        known = _recent.get(key)
        if known is None or known[0] < clock():
            number = _count_within(node, frame, deadline - clock())
            if number is not None:
                _remember(key, number)
            counts[leaf.pointer] = number
        else:
            counts[leaf.pointer] = known[1]
    return counts


# What conditions of open builders matched lately; this process's own, and gone within a minute.
_recent: dict[Any, tuple[float, int]] = {}
REMEMBERED_SECONDS = 60
MOST_REMEMBERED = 2000


def _remember(key: Any, number: int) -> None:
    if len(_recent) >= MOST_REMEMBERED:
        _recent.clear()
    _recent[key] = (time.monotonic() + REMEMBERED_SECONDS, number)


def _count_of(node: Node, frame: Frame) -> int:
    return int(_rows(compile_members(node, frame).within(*COUNT))[0][0])


def _count_within(node: Node, frame: Frame, seconds: float) -> int | None:
    if seconds < LEAST_SECONDS:
        return None
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            limit = f"{int(seconds * 1000)}ms"
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [limit])
            number = _count_of(node, frame)
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", ["0"])
            return number
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            return None
        raise


def conditions_met(
    *, tree: Mapping[str, Any] | Group, brand_id: int, member_id: int, now: datetime | None = None
) -> dict[str, bool]:
    """Return, for one member, which conditions hold; the key ``whole`` is the tree itself.

    A reference to another segment counts as one condition. Reads a handful of index entries.
    """
    root = tree if isinstance(tree, Group) else parse(tree=tree, brand_id=brand_id)
    frame = _frame(brand_id, None, now, (member_id,))
    nodes: dict[str, Node] = {leaf.pointer: node for leaf, node in rules.written(root)}
    nodes["whole"] = root
    tests = (compile_members(node, frame).within("EXISTS (", ")") for node in nodes.values())
    row = _rows(Sql("SELECT ") + Sql.join(", ", tests))[0]
    return dict(zip(nodes, row, strict=True))


@dataclass(frozen=True, slots=True)
class Reason:
    """One condition in words, and whether a member meets it."""

    text: str
    pointer: str
    is_met: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a member is in a segment, or is not."""

    is_in: bool
    reasons: list[Reason]


def explained(
    *, tree: Mapping[str, Any] | Group, brand_id: int, member_id: int, now: datetime | None = None
) -> Explanation:
    """Return each condition in words with whether it holds for a member, and the whole.

    Raises:
        InvalidInput: see ``parse``.
    """
    root = tree if isinstance(tree, Group) else parse(tree=tree, brand_id=brand_id)
    met = conditions_met(tree=root, brand_id=brand_id, member_id=member_id, now=now)
    words = Words(brand_id)
    reasons = [
        Reason(words.condition(leaf), leaf.pointer, met[leaf.pointer])
        for leaf, _node in rules.written(root)
    ]
    return Explanation(met["whole"], reasons)


def schema(*, address: str = "", brand_id: int | None = None) -> dict[str, Any]:
    """Return the JSON Schema of what trees may hold: a brand's, or what all brands have."""
    fields = registry if brand_id is None else registry.of(brand_id)
    return schema_of(fields, address=address)


def _frame(
    brand_id: int,
    dealer_ids: Iterable[int] | None,
    now: datetime | None,
    only: Sequence[int] | None,
) -> Frame:
    return Frame(
        brand_id=brand_id,
        now=now or datetime.now(UTC),
        dealer_ids=None if dealer_ids is None else tuple(sorted(dealer_ids)),
        only=None if only is None else tuple(only),
    )


def prepare() -> None:
    """Let the current transaction's statements use memory as segments need it."""
    with connection.cursor() as cursor:
        cursor.execute(SETTINGS, [WORK_MEM, RANDOM_PAGE_COST])


def _rows(sql: Sql) -> list[tuple[Any, ...]]:
    prepare()
    with connection.cursor() as cursor:
        cursor.execute(sql.text, sql.params)
        return list(cursor.fetchall())


def people(*, member_ids: Sequence[int], viewer: Viewer) -> list[Member]:
    """Return the members of a sample, in its order, with what a line about them shows."""
    rows = Member.objects.visible_to(viewer).select_related("city", "home_dealer")
    found = rows.in_bulk(member_ids)
    return [found[pk] for pk in member_ids if pk in found]


def words_for(*, brand_id: int) -> Words:
    """Return what says a brand's conditions in words."""
    return Words(brand_id)


def outline(*, node: Node, words: Words) -> dict[str, Any]:
    """Return a tree as nested plain values for a template, conditions in words."""
    if not isinstance(node, Group):
        return {"text": words.condition(node), "pointer": node.pointer}
    items = [outline(node=item, words=words) for item in node.items]
    return {"op": node.op, "items": items, "pointer": node.pointer}


def segments_in(*, tree: Mapping[str, Any], brand_id: int) -> set[int]:
    """Return the ids of the segments that a stored tree of the brand refers to."""
    try:
        root = rules.parse(tree, registry=registry.of(brand_id))
    except InvalidInput:
        return set()
    named = (leaf for leaf in rules.leaves(root) if leaf.criterion.field == SEGMENT_FIELD)
    return {pk for leaf in named for pk in leaf.value["in"]}


def in_segment(
    *,
    segment: Segment,
    viewer: Viewer,
    now: datetime | None = None,
    span: tuple[int, int] | None = None,
) -> QuerySet[Member]:
    """Return the members of a segment whom the viewer may see, as a queryset.

    ``span`` looks among ids above the first and up to the second only.
    Prepares the current transaction for it: without, the planner would spill to disk.
    """
    found = member_ids_sql(
        tree=segment.tree,
        brand_id=viewer.brand_id,
        dealer_ids=viewer.dealer_ids,
        now=now,
        span=span,
    )
    prepare()
    # The compiler's own text; every value is a parameter.
    ids = RawSQL(found.sql, found.params)  # noqa: S611
    return Member.objects.visible_to(viewer).filter(pk__in=ids)
