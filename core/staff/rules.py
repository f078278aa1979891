"""What each role allows, and where in the tree it can stand. Pure values."""

from __future__ import annotations

from enum import StrEnum

from core.kernel.access import Permission

_READ = {
    Permission.MEMBERS_VIEW,
    Permission.SEGMENTS_VIEW,
    Permission.COMMUNITIES_VIEW,
    Permission.BROADCASTS_VIEW,
    Permission.EVENTS_VIEW,
    Permission.POINTS_VIEW,
    Permission.RUNS_VIEW,
}
_DEALER_STAFF = _READ | {
    Permission.CHAT_POST,
    Permission.EVENTS_EDIT,
    Permission.MEMBERS_EDIT,
    Permission.MEMBERS_REVEAL,
}
_DEALER_MANAGER = _DEALER_STAFF | {
    Permission.BROADCASTS_SEND,
    Permission.COMMUNITIES_EDIT,
    Permission.STAFF_VIEW,
}
_HQ_OPERATOR = _DEALER_MANAGER | {
    Permission.MEMBERS_IMPORT,
    Permission.MEMBERS_DISCLOSE,
    Permission.TAGS_EDIT,
    Permission.SEGMENTS_EDIT,
    Permission.BUILDS_RUN,
    Permission.POINTS_EDIT,
    Permission.RUNS_CONTROL,
}

PERMISSIONS_OF_ROLE: dict[str, frozenset[Permission]] = {
    "hq_admin": frozenset(Permission),
    "hq_operator": frozenset(_HQ_OPERATOR),
    "hq_reviewer": frozenset(
        _READ
        | {
            Permission.AUDIT_VIEW,
            Permission.STAFF_VIEW,
            Permission.PRIVACY_VIEW,
            Permission.EXPORTS_APPROVE,
        }
    ),
    "region_manager": frozenset(
        _READ | {Permission.AUDIT_VIEW, Permission.STAFF_VIEW, Permission.BROADCASTS_SEND}
    ),
    "dealer_manager": frozenset(_DEALER_MANAGER),
    "dealer_staff": frozenset(_DEALER_STAFF),
    "analyst": frozenset(_READ),
}


class Node(StrEnum):
    """The levels of the organization tree at which a role can be granted."""

    BRAND = "brand"
    REGION = "region"
    DEALER = "dealer"
    STORE = "store"


# The levels a role fits, the usual one first.
NODES_OF_ROLE: dict[str, tuple[Node, ...]] = {
    "hq_admin": (Node.BRAND,),
    "hq_operator": (Node.BRAND,),
    "hq_reviewer": (Node.BRAND,),
    "region_manager": (Node.REGION,),
    "dealer_manager": (Node.DEALER, Node.STORE),
    "dealer_staff": (Node.DEALER, Node.STORE),
    "analyst": (Node.BRAND, Node.REGION, Node.DEALER),
}


def node_of(*, region: bool, dealer: bool, store: bool) -> Node:
    """Return the level at which these choices place a grant: the lowest one chosen."""
    if store:
        return Node.STORE
    if dealer:
        return Node.DEALER
    return Node.REGION if region else Node.BRAND
