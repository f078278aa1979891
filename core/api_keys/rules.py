"""What permissions are called where people give them to programs."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.kernel.access import Permission

PERMISSION_WORDS = {
    Permission.MEMBERS_VIEW: _("See members"),
    Permission.MEMBERS_EDIT: _("Edit members"),
    Permission.MEMBERS_IMPORT: _("Import members and orders"),
    Permission.MEMBERS_ERASE: _("Delete members for good"),
    Permission.MEMBERS_DISCLOSE: _("Write files of everything about a member"),
    Permission.TAGS_EDIT: _("Edit tags"),
    Permission.FIELDS_EDIT: _("Declare custom fields"),
    Permission.VEHICLE_MODELS_EDIT: _("Set up vehicle models"),
    Permission.SEGMENTS_VIEW: _("See segments"),
    Permission.SEGMENTS_EDIT: _("Edit segments"),
    Permission.COMMUNITIES_VIEW: _("See communities and rooms"),
    Permission.COMMUNITIES_EDIT: _("Edit communities and rooms"),
    Permission.POLICIES_EDIT: _("Edit policies"),
    Permission.BUILDS_RUN: _("Build groups"),
    Permission.BROADCASTS_VIEW: _("See broadcasts"),
    Permission.BROADCASTS_SEND: _("Send broadcasts"),
    Permission.CHAT_POST: _("Write in rooms"),
    Permission.EVENTS_VIEW: _("See events and who came"),
    Permission.EVENTS_EDIT: _("Edit events, register and check in"),
    Permission.POINTS_VIEW: _("See points"),
    Permission.POINTS_EDIT: _("Edit points"),
    Permission.RUNS_VIEW: _("See tasks"),
    Permission.RUNS_CONTROL: _("Steer tasks"),
    Permission.EXPORTS_APPROVE: _("See export approvals"),
    Permission.ORGANIZATION_EDIT: _("Edit the organization"),
    Permission.STAFF_VIEW: _("See staff"),
    Permission.STAFF_EDIT: _("Edit staff"),
    Permission.API_KEYS_EDIT: _("Edit API keys"),
    Permission.AUDIT_VIEW: _("See the audit trail"),
    Permission.MEMBERS_REVEAL: _("Reveal numbers of members"),
    Permission.PRIVACY_VIEW: _("See the rules of privacy"),
    Permission.PRIVACY_EDIT: _("Edit the rules of privacy"),
}
