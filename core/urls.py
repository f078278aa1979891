"""The console's routes of core, mounted at the root."""

from django.urls import path

from core.api_keys import console as api_keys
from core.audit import console as audit
from core.console_kit import console as console_kit
from core.exports import console as exports
from core.files import console as files
from core.organizations import console as organizations
from core.runs import console as runs
from core.saved_views import console as saved_views
from core.search import console as search
from core.sign_in import console as sign_in
from core.staff import console as staff
from core.workbench import console as workbench

app_name = "core"
urlpatterns = [
    path("", workbench.workbench, name="workbench"),
    path("workbench/todo/", workbench.workbench_todo, name="workbench-todo"),
    path("workbench/health/", workbench.workbench_health, name="workbench-health"),
    path("search/", search.search, name="search"),
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("account/", sign_in.profile, name="profile"),
    path("account/password/", sign_in.profile_password, name="profile-password"),
    path("account/language/", sign_in.profile_language, name="profile-language"),
    path("account/sessions/end-others/", sign_in.profile_end_others, name="profile-end-others"),
    path(
        "account/sessions/<slug:ref>/end/",
        sign_in.profile_end_session,
        name="profile-end-session",
    ),
    path("tasks/", runs.runs_list, name="runs-list"),
    path("tasks/badge/", runs.runs_badge, name="runs-badge"),
    path("tasks/panel/", runs.runs_panel, name="runs-panel"),
    path("tasks/cancel/", runs.runs_cancel_several, name="runs-cancel-several"),
    path("tasks/<int:run_id>/", runs.runs_detail, name="runs-detail"),
    path("tasks/<int:run_id>/pause/", runs.runs_pause, name="runs-pause"),
    path("tasks/<int:run_id>/resume/", runs.runs_resume, name="runs-resume"),
    path("tasks/<int:run_id>/cancel/", runs.runs_cancel, name="runs-cancel"),
    path("exports/new/", exports.exports_new, name="exports-new"),
    path("exports/approvals/", exports.export_approvals_list, name="export-approvals-list"),
    path(
        "exports/approvals/<int:request_id>/",
        exports.export_approvals_detail,
        name="export-approvals-detail",
    ),
    path("views/new/", saved_views.saved_views_new, name="saved-views-new"),
    path("views/<int:view_id>/", saved_views.saved_views_edit, name="saved-views-edit"),
    path("views/<int:view_id>/delete/", saved_views.saved_views_delete, name="saved-views-delete"),
    path("kit/", console_kit.kit, name="kit"),
    path("kit/form/", console_kit.kit_form, name="kit-form"),
    path("kit/drawer/", console_kit.kit_drawer, name="kit-drawer"),
    path("kit/undo/", console_kit.kit_undo, name="kit-undo"),
    path("kit/progress/", console_kit.kit_progress, name="kit-progress"),
    path("kit/count/", console_kit.kit_count, name="kit-count"),
    path("files/<int:file_id>/", files.file_download, name="files-download"),
    path("organization/", organizations.organization, name="organization"),
    path("organization/regions/new/", organizations.region_new, name="region-new"),
    path(
        "organization/regions/<int:region_id>/edit/", organizations.region_edit, name="region-edit"
    ),
    path("organization/dealers/new/", organizations.dealer_new, name="dealer-new"),
    path(
        "organization/dealers/<int:dealer_id>/",
        organizations.organization_dealer,
        name="organization-dealer",
    ),
    path(
        "organization/dealers/<int:dealer_id>/edit/", organizations.dealer_edit, name="dealer-edit"
    ),
    path(
        "organization/dealers/<int:dealer_id>/stores/new/",
        organizations.store_new,
        name="store-new",
    ),
    path("organization/stores/<int:store_id>/edit/", organizations.store_edit, name="store-edit"),
    path("staff/", staff.staff_list, name="staff-list"),
    path("staff/new/", staff.staff_new, name="staff-new"),
    path("staff/deactivate/", staff.staff_deactivate_several, name="staff-deactivate-several"),
    path("staff/<int:staff_id>/", staff.staff_detail, name="staff-detail"),
    path("staff/<int:staff_id>/edit/", staff.staff_edit, name="staff-edit"),
    path("staff/<int:staff_id>/roles/new/", staff.staff_grant, name="staff-grant"),
    path("staff/<int:staff_id>/roles/<int:grant_id>/lift/", staff.staff_lift, name="staff-lift"),
    path("staff/<int:staff_id>/deactivate/", staff.staff_deactivate, name="staff-deactivate"),
    path("staff/<int:staff_id>/reactivate/", staff.staff_reactivate, name="staff-reactivate"),
    path("staff/<int:staff_id>/password/", staff.staff_reset_password, name="staff-reset-password"),
    path("staff/<int:staff_id>/sessions/end/", staff.staff_end_sessions, name="staff-end-sessions"),
    path(
        "staff/<int:staff_id>/sessions/<slug:ref>/end/",
        staff.staff_end_session,
        name="staff-end-session",
    ),
    path("api-keys/", api_keys.api_keys_list, name="api-keys-list"),
    path("api-keys/new/", api_keys.api_keys_new, name="api-keys-new"),
    path("api-keys/<int:key_id>/revoke/", api_keys.api_keys_revoke, name="api-keys-revoke"),
    path("audit/", audit.audit_list, name="audit-list"),
    path("audit/check/", audit.audit_check, name="audit-check"),
    path("audit/<int:entry_id>/", audit.audit_detail, name="audit-detail"),
    path(
        "audit/of/<str:subject_type>/<int:subject_id>/",
        audit.audit_of_subject,
        name="audit-of-subject",
    ),
]
