"""What each role allows. Pure values: scope is a separate question, answered by the grants."""

from __future__ import annotations

from core.kernel.access import Permission

_READ = {
    Permission.MEMBERS_VIEW,
    Permission.SEGMENTS_VIEW,
    Permission.COMMUNITIES_VIEW,
    Permission.BROADCASTS_VIEW,
    Permission.RUNS_VIEW,
}
_DEALER_STAFF = _READ | {Permission.CHAT_POST, Permission.MEMBERS_EDIT}
_DEALER_MANAGER = _DEALER_STAFF | {
    Permission.BROADCASTS_SEND,
    Permission.COMMUNITIES_EDIT,
    Permission.STAFF_VIEW,
}
_HQ_OPERATOR = _DEALER_MANAGER | {
    Permission.MEMBERS_IMPORT,
    Permission.TAGS_EDIT,
    Permission.SEGMENTS_EDIT,
    Permission.BUILDS_RUN,
    Permission.RUNS_CONTROL,
}

PERMISSIONS_OF_ROLE: dict[str, frozenset[Permission]] = {
    "hq_admin": frozenset(Permission),
    "hq_operator": frozenset(_HQ_OPERATOR),
    "hq_reviewer": frozenset(_READ | {Permission.AUDIT_VIEW, Permission.STAFF_VIEW}),
    "region_manager": frozenset(
        _READ | {Permission.AUDIT_VIEW, Permission.STAFF_VIEW, Permission.BROADCASTS_SEND}
    ),
    "dealer_manager": frozenset(_DEALER_MANAGER),
    "dealer_staff": frozenset(_DEALER_STAFF),
    "analyst": frozenset(_READ),
}
