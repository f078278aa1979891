from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.http import FileResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action

from core.exports import selectors, services
from core.exports.rules import FileFormat
from core.files import services as files
from core.kernel.api import BrandViewSet, ModelSerializer, Serializer
from core.kernel.errors import NotFound
from core.lists import ports
from core.runs import selectors as runs
from core.runs.models import Run

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response


class ExportOut(ModelSerializer):
    """``state`` is that of its task; ``file`` is where to fetch it, once it is written."""

    rows = serializers.IntegerField(source="done", read_only=True)
    file = serializers.SerializerMethodField()

    class Meta:
        model = Run
        fields = [
            "id",
            "title",
            "state",
            "rows",
            "total",
            "error",
            "file",
            "created_at",
            "finished_at",
        ]

    def get_file(self, run: Run) -> str | None:
        """Where to fetch the file, or null while there is none."""
        if not run.result.get("files"):
            return None
        return reverse("api:core:exports-file", args=[run.pk])


class ExportIn(Serializer):
    list = serializers.CharField(max_length=40, help_text="Which list: `members`, `staff`, …")
    filters = serializers.DictField(
        child=serializers.CharField(max_length=200),
        required=False,
        help_text='As in the address of the list\'s page, such as `{"stage": "growth"}`.',
    )
    columns = serializers.ListField(
        child=serializers.CharField(max_length=40),
        required=False,
        max_length=60,
        help_text="Keys of the columns wanted; left out, all of them.",
    )
    format = serializers.ChoiceField(choices=[each.value for each in FileFormat], default="csv")

    def validate_list(self, key: str) -> str:
        """Name the lists there are."""
        if ports.source_of(key) is None:
            known = ", ".join(ports.keys())
            raise serializers.ValidationError(_("One of: %(names)s.") % {"names": known})
        return key


class ExportViewSet(BrandViewSet):
    """Lists as files, written in the background. What a list needs, its file needs."""

    queryset = Run.objects.filter(kind=selectors.KIND)
    serializer_class = ExportOut
    inputs = {"create": ExportIn}
    permissions = {"GET": None, "POST": None}

    def create(self, request: Request) -> Response:
        """Have a list written to a file. Ask for the export until it has a `file`."""
        asked = self.parsed()
        query = QueryDict(mutable=True)
        query.update(asked.get("filters", {}))
        run = services.start_export(
            list_key=asked["list"],
            query=query,
            columns=asked.get("columns", []),
            file_format=FileFormat(asked["format"]),
            actor=self.viewer,
            now=timezone.now(),
        )
        response = self.rendered(run, HTTPStatus.ACCEPTED)
        response["Location"] = f"{request.path}{run.pk}/"
        return response

    def retrieve(self, request: Request, **_kwargs: Any) -> Response:
        """Tell how far an export is."""
        return self.rendered(self.get_object())

    @extend_schema(responses={200: OpenApiResponse(OpenApiTypes.BINARY, "The file.")})
    @action(detail=True, methods=["get"])
    def file(self, request: Request, **_kwargs: Any) -> FileResponse:
        """Fetch the file of a finished export."""
        now = timezone.now()
        found = runs.files_of(run=self.get_object(), viewer=self.viewer, now=now)
        if not found:
            raise NotFound(_("This file is no longer kept."))
        stored = found[0].file
        handle = files.download(stored=stored, actor=self.viewer, now=now)
        response = FileResponse(handle, as_attachment=True, filename=stored.name)
        response["Cache-Control"] = "private, no-store"
        response["X-Content-Type-Options"] = "nosniff"
        return response
