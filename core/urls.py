"""The console's routes of core, mounted at the root."""

from django.urls import path

from core.console_kit import console as console_kit
from core.files import console as files
from core.sign_in import console as sign_in

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
    path("kit/", console_kit.kit, name="kit"),
    path("kit/form/", console_kit.kit_form, name="kit-form"),
    path("kit/drawer/", console_kit.kit_drawer, name="kit-drawer"),
    path("kit/undo/", console_kit.kit_undo, name="kit-undo"),
    path("kit/progress/", console_kit.kit_progress, name="kit-progress"),
    path("kit/count/", console_kit.kit_count, name="kit-count"),
    path("files/<int:file_id>/", files.file_download, name="files-download"),
]
