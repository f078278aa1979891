"""Who is asking, and what they may see and do. Plain values, carried into every service."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from core.kernel.errors import Forbidden

SYSTEM = "system"  # the label of who acts when nobody asked
# The session's mark while somebody else knows the password; the console leads to changing it.
MUST_CHANGE_PASSWORD = "must_change_password"  # noqa: S105  (a flag)


class Permission(StrEnum):
    """What a role allows. One word per kind of act; scope is a separate question."""

    MEMBERS_VIEW = "members.view"
    MEMBERS_EDIT = "members.edit"
    MEMBERS_IMPORT = "members.import"
    MEMBERS_ERASE = "members.erase"
    MEMBERS_DISCLOSE = "members.disclose"  # everything about one member, as a file
    TAGS_EDIT = "tags.edit"
    FIELDS_EDIT = "fields.edit"  # which fields of its own the brand has; not their values
    VEHICLE_MODELS_EDIT = "vehicle_models.edit"  # which models the brand's cars may be
    SEGMENTS_VIEW = "segments.view"
    SEGMENTS_EDIT = "segments.edit"
    COMMUNITIES_VIEW = "communities.view"
    COMMUNITIES_EDIT = "communities.edit"
    POLICIES_EDIT = "policies.edit"
    BUILDS_RUN = "builds.run"
    BROADCASTS_VIEW = "broadcasts.view"
    BROADCASTS_SEND = "broadcasts.send"
    CHAT_POST = "chat.post"
    EVENTS_VIEW = "events.view"
    EVENTS_EDIT = "events.edit"  # also who comes: registrations and check-ins
    POINTS_VIEW = "points.view"
    POINTS_EDIT = "points.edit"
    RUNS_VIEW = "runs.view"
    RUNS_CONTROL = "runs.control"  # of what others started; one's own needs no permission
    EXPORTS_APPROVE = "exports.approve"  # large files of people that somebody else asked for
    ORGANIZATION_EDIT = "organization.edit"
    STAFF_VIEW = "staff.view"
    STAFF_EDIT = "staff.edit"
    API_KEYS_EDIT = "api_keys.edit"
    AUDIT_VIEW = "audit.view"
    MEMBERS_REVEAL = "members.reveal"  # the whole number behind a mask
    PRIVACY_VIEW = "privacy.view"  # what is kept, for how long, and by which texts
    PRIVACY_EDIT = "privacy.edit"


@dataclass(frozen=True)
class Viewer:
    """A member of staff, an API key or the system itself, acting within one brand.

    ``dealer_ids`` is None for the whole brand; otherwise only rows of these dealers exist for
    this viewer. ``label`` is what the audit trail shows. ``roles``, ``brand_name`` and ``places``
    are for the eye only; nothing is decided by them.
    """

    brand_id: int
    label: str
    staff_id: int | None = None
    api_key_id: int | None = None
    permissions: frozenset[Permission] = field(default_factory=frozenset)
    dealer_ids: frozenset[int] | None = None
    roles: tuple[str, ...] = ()
    brand_name: str = ""
    places: tuple[str, ...] = ()  # names of the regions and dealers the scope is made of

    @property
    def is_brand_wide(self) -> bool:
        """Whether the viewer sees every dealer of the brand."""
        return self.dealer_ids is None

    def may(self, permission: Permission) -> bool:
        """Whether one of the viewer's roles allows the act."""
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Refuse unless the act is allowed.

        Raises:
            Forbidden: no role of the viewer allows it.
        """
        if not self.may(permission):
            raise Forbidden(f"This needs the permission {permission}.", permission=permission)


def system_viewer(brand_id: int, label: str = SYSTEM) -> Viewer:
    """Return who acts when nobody asked: schedules, sweepers and loaders."""
    return Viewer(brand_id=brand_id, label=label, permissions=frozenset(Permission))
