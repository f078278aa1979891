"""What core itself puts into the registries: navigation, workbench, search."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.kernel.access import Permission
from core.kernel.navigation import NavItem, Section
from core.kernel.navigation import register as register_places
from core.runs.workbench import running_panel, stuck_runs
from core.search.ports import SearchSource, register_search
from core.search.providers import find_dealers, find_staff
from core.workbench.ports import register_panel, register_todos


def register() -> None:
    """Fill the registries; called from ``CoreConfig.ready``."""
    register_places(
        NavItem(_("Workbench"), "core:workbench", "home", order=10),
        NavItem(_("Tasks"), "core:runs-list", "tasks", Permission.RUNS_VIEW, order=80),
        _setup(_("Organization"), "core:organization", "building", Permission.STAFF_VIEW, 200),
        _setup(_("Staff"), "core:staff-list", "user", Permission.STAFF_VIEW, 210),
        _setup(_("API keys"), "core:api-keys-list", "key", Permission.API_KEYS_EDIT, 220),
        _setup(_("Audit"), "core:audit-list", "shield", Permission.AUDIT_VIEW, 230),
    )
    register_todos("runs", stuck_runs, permission=Permission.RUNS_VIEW, order=10)
    register_panel("runs", running_panel, permission=Permission.RUNS_VIEW, order=10)
    register_search("dealers", SearchSource(_("Dealers"), find_dealers, order=50))
    register_search("staff", SearchSource(_("Staff"), find_staff, Permission.STAFF_VIEW, order=60))


def _setup(label: object, url_name: str, icon: str, permission: Permission, order: int) -> NavItem:
    return NavItem(label, url_name, icon, permission, order, Section.SETUP)  # type: ignore[arg-type]
