"""From a tree of conditions to one SQL statement.

Every group is turned into joins that the planner can order: a positive set of members becomes a
semi-join, a negative one an anti-join, a mixture joined by "any" one semi-join over the union of
its parts. Nothing is left as a sub-plan that runs once per member, however deep the tree.

Conditions that add up rows per member, such as orders in a window, come second: they look only
at those who meet all the light conditions, which PostgreSQL cannot find out by itself, because it
does not move a join below a GROUP BY.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from members.segments.ports import Frame, Ids, Sql, Where
from members.segments.rules import Leaf

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from members.segments.rules import Node

MEMBERS = "SELECT m.id AS member_id FROM members_member m"
CANDIDATES = ("WITH candidate AS MATERIALIZED (", ")")
AMONG_CANDIDATES = "SELECT c.member_id FROM candidate c"


def compile_members(node: Node, frame: Frame) -> Sql:
    """Return the SELECT of the members, each once, who meet ``node`` within ``frame``."""
    parts = list(_parts(node, negated=False))
    light = [part for part in parts if not _is_heavy(part[0], frame)]
    heavy = [part for part in parts if _is_heavy(part[0], frame)]
    if not light or not heavy or frame.only is not None:
        return _scope(frame) + " AND " + _every(parts, frame)
    first = _scope(frame) + " AND " + _every(light, frame)
    among = replace(frame, only=Sql(AMONG_CANDIDATES))
    return first.within(*CANDIDATES) + " " + _narrowed(Sql(AMONG_CANDIDATES), heavy, among)


def _narrowed(sql: Sql, heavy: Iterable[tuple[Node, bool]], frame: Frame) -> Sql:
    """Return who of a SELECT meets every heavy part.

    They are met as sets. A join could be planned as a loop that adds up once per candidate: among
    a small brand's members, in tables filled by a large one, the planner takes three conditions to
    leave a single person where there are thousands.
    """
    within: list[Sql] = []
    without: list[Sql] = []
    for node, negated in heavy:
        if isinstance(node, Leaf):
            found = _ids(node, frame)
            (without if found.inverted != negated else within).append(found.sql)
        else:
            own, sets = _alternatives(node.items, frame, negated=negated != (node.op == "not"))
            within.append(_united(own, sets, frame))
    for each in within:
        sql = sql + " INTERSECT (" + each + ")"
    for each in without:
        sql = sql + " EXCEPT (" + each + ")"
    return sql


def _ids(leaf: Leaf, frame: Frame) -> Ids:
    found = leaf.criterion.compile(frame, leaf.comparison.key, leaf.value)
    if not isinstance(found, Ids):
        raise TypeError(f"{leaf.criterion} adds nothing up")
    return found


def _scope(frame: Frame) -> Sql:
    sql = frame.rows_of(MEMBERS, "m.brand_id", "m.id")
    if frame.dealer_ids is not None:
        sql += Sql(" AND m.home_dealer_id = ANY(%s)", (list(frame.dealer_ids),))
    return sql


def _parts(node: Node, *, negated: bool) -> Iterator[tuple[Node, bool]]:
    """Yield the nodes that must all hold, each with whether it is negated.

    By De Morgan: not (a and b) is any of (not a, not b); "not" means none of its items.
    """
    if isinstance(node, Leaf):
        yield node, negated
        return
    inner = negated != (node.op == "not")
    joins_all = negated != (node.op != "any") if node.op != "not" else not negated
    if joins_all or len(node.items) == 1:
        for item in node.items:
            yield from _parts(item, negated=inner)
    else:
        yield node, negated


def _is_heavy(node: Node, frame: Frame) -> bool:
    if isinstance(node, Leaf):
        found = node.criterion.compile(frame, node.comparison.key, node.value)
        return isinstance(found, Ids) and found.heavy
    return any(_is_heavy(item, frame) for item in node.items)


def _every(parts: Iterable[tuple[Node, bool]], frame: Frame) -> Sql:
    conditions = [_condition(node, frame, negated=negated) for node, negated in parts]
    return Sql.join(" AND ", conditions) if conditions else Sql("TRUE")


def _condition(node: Node, frame: Frame, *, negated: bool) -> Sql:
    """Return a condition over ``m`` for a place where all conditions must hold."""
    if isinstance(node, Leaf):
        return _leaf(node, frame, negated=negated)
    parts = list(_parts(node, negated=negated))
    if parts != [(node, negated)]:
        return _every(parts, frame)
    return _any(node.items, frame, negated=negated != (node.op == "not"))


def _leaf(leaf: Leaf, frame: Frame, *, negated: bool) -> Sql:
    found = leaf.criterion.compile(frame, leaf.comparison.key, leaf.value)
    if isinstance(found, Where):
        return Sql("(") + found.sql + (") IS NOT TRUE" if negated else ")")
    if found.inverted != negated:
        # NOT EXISTS, since NOT IN is never planned as an anti-join.
        return Sql("NOT EXISTS (SELECT FROM (") + found.sql + ") s WHERE s.member_id = m.id)"
    return Sql("m.id IN (") + found.sql + ")"


def _any(items: Iterable[Node], frame: Frame, *, negated: bool) -> Sql:
    own, sets = _alternatives(items, frame, negated=negated)
    if not sets:
        return own.within("(", ")") if own is not None else Sql("FALSE")
    return Sql("m.id IN (") + _united(own, sets, frame) + ")"


def _alternatives(
    items: Iterable[Node], frame: Frame, *, negated: bool
) -> tuple[Sql | None, list[Sql]]:
    """Return what suffices on the member's own row, and the sets of whom it suffices to be in."""
    items = tuple(items)
    own = [item for item in items if _is_own(item, frame)]
    others = [item for item in items if not _is_own(item, frame)]
    # Conditions on the member's own row may stay an OR; each is TRUE or not TRUE, never NULL.
    either = [_condition(item, frame, negated=negated).within("(", ")") for item in own]
    sets = [_set(item, frame, negated=negated) for item in others]
    return Sql.join(" OR ", either) if either else None, sets


def _united(own: Sql | None, sets: Iterable[Sql], frame: Frame) -> Sql:
    """Return a SELECT of who meets any; members may repeat."""
    selects = list(sets)
    if own is not None:
        selects.append(_scope(frame) + " AND (" + own + ")")
    return Sql.join(" UNION ALL ", selects)


def _set(node: Node, frame: Frame, *, negated: bool) -> Sql:
    """Return a SELECT of who meets ``node``; members may repeat."""
    if isinstance(node, Leaf):
        found = node.criterion.compile(frame, node.comparison.key, node.value)
        if isinstance(found, Ids) and found.inverted == negated:
            return found.sql
        if isinstance(found, Ids) and found.heavy:
            return _narrowed(_scope(frame), [(node, negated)], frame).within("(", ")")
        return _scope(frame) + " AND " + _condition(node, frame, negated=negated)
    parts = list(_parts(node, negated=negated))
    heavy = [part for part in parts if _is_heavy(part[0], frame)]
    light = [part for part in parts if not _is_heavy(part[0], frame)]
    sql = _scope(frame) + " AND " + _every(light, frame)
    return _narrowed(sql, heavy, frame).within("(", ")") if heavy else sql


def _is_own(node: Node, frame: Frame) -> bool:
    """Whether the node looks at nothing but the member's own row."""
    if isinstance(node, Leaf):
        found = node.criterion.compile(frame, node.comparison.key, node.value)
        return isinstance(found, Where)
    return all(_is_own(item, frame) for item in node.items)
