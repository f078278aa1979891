"""The console's routes of core, mounted at the root."""

from django.urls import path

from core.console_kit import console as console_kit
from core.files import console as files
from core.runs import console as runs
from core.search import console as search
from core.sign_in import console as sign_in
from core.workbench import console as workbench

app_name = "core"
urlpatterns = [
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
    path("", workbench.workbench, name="workbench"),
    path("workbench/todo/", workbench.workbench_todo, name="workbench-todo"),
    path("workbench/health/", workbench.workbench_health, name="workbench-health"),
    path("search/", search.search, name="search"),
    path("tasks/", runs.runs_list, name="runs-list"),
    path("tasks/badge/", runs.runs_badge, name="runs-badge"),
    path("tasks/panel/", runs.runs_panel, name="runs-panel"),
    path("tasks/<int:run_id>/", runs.runs_detail, name="runs-detail"),
    path("tasks/<int:run_id>/pause/", runs.runs_pause, name="runs-pause"),
    path("tasks/<int:run_id>/resume/", runs.runs_resume, name="runs-resume"),
    path("tasks/<int:run_id>/cancel/", runs.runs_cancel, name="runs-cancel"),
    path("kit/", console_kit.kit, name="kit"),
    path("kit/form/", console_kit.kit_form, name="kit-form"),
    path("kit/drawer/", console_kit.kit_drawer, name="kit-drawer"),
    path("kit/undo/", console_kit.kit_undo, name="kit-undo"),
    path("kit/progress/", console_kit.kit_progress, name="kit-progress"),
    path("kit/count/", console_kit.kit_count, name="kit-count"),
    path("files/<int:file_id>/", files.file_download, name="files-download"),
]
