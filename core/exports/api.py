from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.http import FileResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action

from core.exports import selectors, services
from core.exports.models import ExportRequest
from core.exports.rules import FileFormat
from core.files import services as files
from core.files.models import StoredFile
from core.kernel.access import Permission
from core.kernel.api import BrandViewSet, Filter, ModelSerializer, Serializer
from core.kernel.errors import NotFound
from core.lists import ports
from core.runs.models import Run

if TYPE_CHECKING:
    from collections.abc import Callable

    from rest_framework.request import Request
    from rest_framework.response import Response


class ApprovalOut(ModelSerializer):
    """What was asked of a second person. ``rows_ceiling`` is how far the list may grow."""

    list = serializers.CharField(source="list_key", read_only=True)
    filters = serializers.CharField(source="words", read_only=True)
    format = serializers.CharField(source="file_format", read_only=True)
    export = serializers.IntegerField(source="run_id", read_only=True)

    class Meta:
        model = ExportRequest
        fields = [
            "id",
            "export",
            "state",
            "list",
            "filters",
            "columns",
            "format",
            "rows",
            "rows_ceiling",
            "requested_by_label",
            "requested_at",
            "lapses_at",
            "decided_by_label",
            "decided_at",
            "reason",
        ]


class ExportOut(ModelSerializer):
    """``state`` is that of its task; ``file`` is where to fetch it, once it is written.

    ``waiting`` means that another person has to approve: ``approval`` says what was asked.
    """

    rows = serializers.IntegerField(source="done", read_only=True)
    file = serializers.SerializerMethodField()
    expires_at = serializers.SerializerMethodField(help_text="Until when the file is kept.")
    approval = serializers.SerializerMethodField()

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
            "expires_at",
            "approval",
            "created_at",
            "finished_at",
        ]

    def get_file(self, run: Run) -> str | None:
        """Where to fetch the file, or null while there is none."""
        if not run.result.get("files"):
            return None
        return reverse("api:core:exports-file", args=[run.pk])

    def get_expires_at(self, run: Run) -> datetime | None:
        """Until when the file is kept, or null while there is none."""
        times = [entry.get("expires_at") for entry in run.result.get("files", [])]
        return datetime.fromisoformat(times[0]) if times and times[0] else None

    @extend_schema_field(ApprovalOut(allow_null=True))
    def get_approval(self, run: Run) -> dict[str, Any] | None:
        """What was asked of a second person, the newest; null where nobody had to be."""
        asked = [row for row in run.export_requests.all() if row.state != "alone"]
        return ApprovalOut(max(asked, key=lambda row: row.pk)).data if asked else None


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


class ExportViewSet(mixins.ListModelMixin, BrandViewSet):
    """Lists as files, written in the background. What a list needs, its file needs.

    Up to 5,000 rows about people within a day are yours to take; beyond, the export waits until
    another person approves (`export-approvals`). The last line of a CSV, which begins with `# `,
    says who exported it and when; a workbook says so in its first row.
    """

    queryset = Run.objects.filter(kind=selectors.KIND).prefetch_related("export_requests")
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
        """Fetch the file of a finished export; 410 once it has expired."""
        now = timezone.now()
        ids = [entry["file_id"] for entry in self.get_object().result.get("files", [])]
        stored = StoredFile.objects.visible_to(self.viewer).filter(pk__in=ids).first()
        if stored is None:
            raise files.FileGone(_("This file is no longer kept.")) if ids else NotFound
        handle = files.download(stored=stored, actor=self.viewer, now=now)
        response = FileResponse(handle, as_attachment=True, filename=stored.name)
        response["Cache-Control"] = "private, no-store"
        response["X-Content-Type-Options"] = "nosniff"
        return response


class DecisionIn(Serializer):
    reason = serializers.CharField(max_length=300, help_text="Whoever asked reads it.")


class ExportApprovalViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Large exports about people that await, or had, the word of a second person."""

    queryset = ExportRequest.objects.needing_two()
    serializer_class = ApprovalOut
    inputs = {"approve": DecisionIn, "refuse": DecisionIn}
    permissions = {"GET": Permission.EXPORTS_APPROVE, "POST": Permission.EXPORTS_APPROVE}
    filters = {
        "state": Filter(
            serializers.ChoiceField(choices=ExportRequest.State.choices), "state", "Its state."
        ),
    }

    @action(detail=True, methods=["post"])
    def approve(self, request: Request, **_kwargs: Any) -> Response:
        """Let somebody else's export be written. A person's session is needed, not an API key."""
        return self._decide(services.approve)

    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, **_kwargs: Any) -> Response:
        """End somebody else's export. A person's session is needed, not an API key."""
        return self._decide(services.refuse)

    def _decide(self, act: Callable[..., ExportRequest]) -> Response:
        row = self.get_object()
        row = act(request_id=row.pk, **self.parsed(), actor=self.viewer, now=timezone.now())
        return self.rendered(row)
