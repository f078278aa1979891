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
FROM_CANDIDATES = "SELECT m.id AS member_id FROM (SELECT c.member_id AS id FROM candidate c) m"


def compile_members(node: Node, frame: Frame) -> Sql:
    """Return the SELECT of the members, each once, who meet ``node`` within ``frame``."""
    parts = list(_parts(node, negated=False))
    light = [part for part in parts if not _is_heavy(part[0], frame)]
    heavy = [part for part in parts if _is_heavy(part[0], frame)]
    if not light or not heavy or frame.only is not None:
        return _scope(frame) + " AND " + _every(parts, frame)
    first = _scope(frame) + " AND " + _every(light, frame)
    # A heavy part asks for m.id only: it is a set of members, or several of them.
    second = _every(heavy, replace(frame, only=Sql(AMONG_CANDIDATES)))
    return first.within(*CANDIDATES) + " " + FROM_CANDIDATES + " WHERE " + second


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
    items = tuple(items)
    if not items:
        return Sql("FALSE")
    own = [item for item in items if _is_own(item, frame)]
    others = [item for item in items if not _is_own(item, frame)]
    # Conditions on the member's own row may stay an OR; each is TRUE or not TRUE, never NULL.
    either = Sql.join(
        " OR ", (_condition(item, frame, negated=negated).within("(", ")") for item in own)
    )
    if not others:
        return Sql("(") + either + ")"
    sets = [_set(item, frame, negated=negated) for item in others]
    if own:
        sets.append(_scope(frame) + " AND (" + either + ")")
    return Sql("m.id IN (") + Sql.join(" UNION ALL ", sets) + ")"


def _set(node: Node, frame: Frame, *, negated: bool) -> Sql:
    """Return a SELECT of who meets ``node``; members may repeat."""
    if isinstance(node, Leaf):
        found = node.criterion.compile(frame, node.comparison.key, node.value)
        if isinstance(found, Ids) and found.inverted == negated:
            return found.sql
    return _scope(frame) + " AND " + _condition(node, frame, negated=negated)


def _is_own(node: Node, frame: Frame) -> bool:
    """Whether the node looks at nothing but the member's own row."""
    if isinstance(node, Leaf):
        found = node.criterion.compile(frame, node.comparison.key, node.value)
        return isinstance(found, Where)
    return all(_is_own(item, frame) for item in node.items)
