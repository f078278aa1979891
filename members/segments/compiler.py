"""From a tree of conditions to one SQL statement.

Every group is turned into joins that the planner can order: a positive set of members becomes a
semi-join, a negative one an anti-join, a mixture joined by "any" one semi-join over the union of
its parts. Nothing is left as a sub-plan that runs once per member, however deep the tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from members.segments.ports import Frame, Ids, Sql, Where
from members.segments.rules import Leaf

if TYPE_CHECKING:
    from collections.abc import Iterable

    from members.segments.rules import Node

MEMBERS = "SELECT m.id AS member_id FROM members_member m"


def compile_members(node: Node, frame: Frame) -> Sql:
    """Return the SELECT of the members, each once, who meet ``node`` within ``frame``."""
    return _scope(frame) + " AND " + _condition(node, frame, negated=False)


def _scope(frame: Frame) -> Sql:
    sql = frame.rows_of(MEMBERS, "m.brand_id", "m.id")
    if frame.dealer_ids is not None:
        sql += Sql(" AND m.home_dealer_id = ANY(%s)", (list(frame.dealer_ids),))
    return sql


def _condition(node: Node, frame: Frame, *, negated: bool) -> Sql:
    """Return a condition over ``m`` for a place where all conditions must hold."""
    if isinstance(node, Leaf):
        return _leaf(node, frame, negated=negated)
    # By De Morgan: not (a and b) is any of (not a, not b); "not" means none of its items.
    joins_all = (node.op == "all") != negated if node.op != "not" else not negated
    items_negated = negated if node.op != "not" else not negated
    if joins_all:
        if not node.items:
            return Sql("TRUE")
        parts = (_condition(item, frame, negated=items_negated) for item in node.items)
        return Sql.join(" AND ", parts)
    return _any(node.items, frame, negated=items_negated)


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
    if len(items) == 1:
        return _condition(items[0], frame, negated=negated)
    own = [item for item in items if _is_own(item, frame)]
    others = [item for item in items if not _is_own(item, frame)]
    # Conditions on the member's own row may stay an OR; each is TRUE or not TRUE, never NULL.
    either = Sql.join(" OR ", (_condition(item, frame, negated=negated) for item in own))
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
