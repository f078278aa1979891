"""The console's routes of core, mounted at the root."""

from django.urls import path

from core.files import console as files

app_name = "core"
urlpatterns = [
    path("files/<int:file_id>/", files.file_download, name="files-download"),
]
