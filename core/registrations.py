"""What core itself puts into the registries: navigation, workbench, search, audit sentences."""

from __future__ import annotations

from django.core.checks import register as register_check
from django.utils.translation import gettext_lazy as _

from core.api_keys.selectors import describe_api_keys
from core.audit.listing import AUDIT
from core.audit.ports import (
    SubjectKind,
    register_actions,
    register_field_names,
    register_items,
    register_subjects,
    register_values,
)
from core.data_classes import HOLDINGS
from core.data_inventory.checks import TAG, check_data_classes
from core.data_inventory.ports import register_holdings
from core.exports.handlers import WORDS as EXPORT_WORDS
from core.exports.handlers import ExportHandler
from core.exports.invariants import INVARIANTS as EXPORTS
from core.exports.presenting import note_of as export_note
from core.exports.selectors import KIND as EXPORT
from core.exports.workbench import waiting_exports
from core.files.selectors import describe_files
from core.kernel.access import Permission
from core.kernel.invariants import register_invariants
from core.kernel.navigation import NavItem, Section
from core.kernel.navigation import register as register_places
from core.lists.ports import LABELS, register_list
from core.organizations.listing import DEALERS
from core.organizations.models import Dealer, Region, Store
from core.organizations.selectors import describe_dealers, describe_regions, describe_stores
from core.retention.emptying import Emptying
from core.retention.old_files import OldFiles
from core.retention.ports import EXPORT as EXPORT_FILES
from core.retention.ports import Retained, register_retention
from core.runs.listing import RUNS
from core.runs.ports import register_run_kind, register_run_note
from core.runs.selectors import describe_runs
from core.runs.workbench import running_panel, stuck_runs
from core.saved_views.selectors import describe_views
from core.search.ports import SearchSource, register_search
from core.search.providers import find_dealers, find_staff
from core.staff.listing import STAFF
from core.staff.models import Role, Staff
from core.staff.selectors import describe_staff
from core.workbench.ports import register_panel, register_todos

ITEMS = {
    "attempts": _("Attempts"),
    "before": _("Older than"),
    "broken": _("Broken"),
    "bytes": _("Size in bytes"),
    "columns": _("Columns"),
    "count": _("How many"),
    "day": _("Day"),
    "days": _("Days"),
    "days_before": _("Days before the change"),
    "expires_at": _("Until"),
    "field": _("Field"),
    "fields": _("What was changed"),
    "format": _("File format"),
    "key": _("Key"),
    "kind": _("Kind"),
    "list": _("List"),
    "permissions": _("Permissions"),
    "purpose": _("Purpose"),
    "reason": _("Reason"),
    "request": _("Request"),
    "role": _("Role"),
    "rows": _("Rows"),
    "sessions": _("Sessions"),
    "table": _("Table"),
    "unknown": _("Not known"),
    "who": _("Who"),
}
ACTIONS = {
    "api_key.created": _("made the API key"),
    "api_key.revoked": _("revoked the API key"),
    "brand.checked": _(
        "checked %(count)s rules of the data: %(broken)s broken, %(unknown)s not known:"
    ),
    "dealer.created": _("added the dealer"),
    "dealer.changed": _("changed the dealer"),
    "export.approval_asked": _("asked for approval of %(count)s rows of “%(list)s”:"),
    "export.approved": _("approved the export of %(count)s rows of “%(list)s”:"),
    "export.lapsed": _("let the request lapse, as nobody decided:"),
    "export.refused": _("refused the export of %(count)s rows of “%(list)s”:"),
    "file.downloaded": _("downloaded the file"),
    "list.exported": _("exported %(count)s rows of “%(list)s” (%(filters)s):"),
    "keys.rotated": _("sealed %(count)s values of %(table)s with the key %(key)s:"),
    "region.created": _("added the region"),
    "region.changed": _("changed the region"),
    "run.started": _("started the task"),
    "run.pause_asked": _("paused the task"),
    "run.cancel_asked": _("cancelled the task"),
    "run.paused": _("let the task rest"),
    "run.resumed": _("let the task go on"),
    "run.succeeded": _("finished the task"),
    "run.failed": _("did not finish the task"),
    "run.cancelled": _("ended the task early"),
    "saved_view.saved": _("saved a view of “%(list)s”:"),
    "saved_view.changed": _("changed a view of “%(list)s”:"),
    "saved_view.deleted": _("deleted a view of “%(list)s”:"),
    "staff.created": _("added the person"),
    "staff.changed": _("changed the person"),
    "staff.role_granted": _("gave the role %(role)s"),
    "retention.changed": _("set the days that data is kept to %(days)s (%(kind)s):"),
    "retention.emptied": _("emptied %(count)s rows that were too old (%(kind)s):"),
    "staff.role_lifted": _("lifted the role %(role)s"),
    "staff.deactivated": _("deactivated the person"),
    "staff.reactivated": _("reactivated the person"),
    "staff.password_reset": _("made a new password"),
    "staff.password_changed": _("changed the password"),
    "staff.session_ended": _("signed out a browser"),
    "staff.sessions_ended": _("signed out all browsers: %(count)s"),
    "store.created": _("added the store"),
    "store.changed": _("changed the store"),
}
SUBJECTS = {
    "core.apikey": SubjectKind(_("API key"), describe_api_keys),
    "core.brand": SubjectKind(_("Brand")),
    "core.retentionrule": SubjectKind(_("Rule of retention")),
    "core.keyrotation": SubjectKind(_("Rotation of keys")),
    "core.dealer": SubjectKind(_("Dealer"), describe_dealers),
    "core.region": SubjectKind(_("Region"), describe_regions),
    "core.run": SubjectKind(_("Task"), describe_runs),
    "core.savedview": SubjectKind(_("View"), describe_views),
    "core.staff": SubjectKind(_("Person"), describe_staff),
    "core.store": SubjectKind(_("Store"), describe_stores),
    "core.storedfile": SubjectKind(_("File"), describe_files),
}
# Files expire thirty days after they were stored; a rule can only shorten that.
RETAINED = {
    "file": Retained(
        _("Uploads and result files"),
        _("The files leave the disk; imports and tasks keep telling what they did."),
        days=30,
        least=1,
        most=30,
        purger=OldFiles(),
        order=10,
    ),
    EXPORT_FILES: Retained(
        _("Exports and files about a member"),
        _("The files leave the disk, and their links say so; the tasks stay in the list."),
        days=7,
        least=1,
        most=30,
        purger=OldFiles(only_rows=True),
        order=15,
    ),
    "task": Retained(
        _("What was typed into exports and tasks"),
        _("The search is forgotten; the task stays in the list, but cannot be resumed."),
        days=365,
        least=30,
        purger=Emptying(
            table="core_run",
            old="row.finished_at < %(before)s",
            full="row.params ? 'query'",
            empty="params = row.params - 'query', can_resume = false",
        ),
        order=40,
    ),
}


def register() -> None:
    """Fill the registries; called from ``CoreConfig.ready``."""
    register_holdings(*HOLDINGS)
    register_check(check_data_classes, TAG)
    setup = Section.SETUP
    see_staff, edit_keys = Permission.STAFF_VIEW, Permission.API_KEYS_EDIT
    see_privacy = Permission.PRIVACY_VIEW
    approvals, approve = "core:export-approvals-list", Permission.EXPORTS_APPROVE
    register_places(
        NavItem(_("Workbench"), "core:workbench", "home", order=10),
        NavItem(_("Tasks"), "core:runs-list", "tasks", Permission.RUNS_VIEW, order=80),
        NavItem(_("Organization"), "core:organization", "building", see_staff, 200, setup),
        NavItem(_("Staff"), "core:staff-list", "user", see_staff, 210, setup),
        NavItem(_("API keys"), "core:api-keys-list", "key", edit_keys, 220, setup),
        NavItem(_("Export approvals"), approvals, "download", approve, 225, setup),
        NavItem(_("Audit"), "core:audit-list", "shield", Permission.AUDIT_VIEW, 230, setup),
        NavItem(_("Retention"), "core:retention", "clock", see_privacy, 238, setup),
        NavItem(_("Data inventory"), "core:data-inventory", "lock", see_privacy, 240, setup),
    )
    register_todos("runs", stuck_runs, permission=Permission.RUNS_VIEW, order=10)
    register_todos("exports", waiting_exports, permission=Permission.EXPORTS_APPROVE, order=15)
    register_panel("runs", running_panel, permission=Permission.RUNS_VIEW, order=10)
    register_search("dealers", SearchSource(_("Dealers"), find_dealers, order=50))
    register_search("staff", SearchSource(_("Staff"), find_staff, see_staff, order=60))
    register_actions(ACTIONS)
    register_subjects(SUBJECTS)
    register_items(ITEMS)
    register_field_names(Region, Dealer, Store, Staff)
    register_values("role", dict(Role.choices))
    register_values("list", LABELS)
    register_list("tasks", RUNS)
    register_list("staff", STAFF)
    register_list("dealers", DEALERS)
    register_list("audit", AUDIT)
    register_run_kind(EXPORT, ExportHandler(), EXPORT_WORDS)
    for kind, retained in RETAINED.items():
        register_retention(kind, retained)
    register_run_note(EXPORT, export_note)
    register_invariants(*EXPORTS)
