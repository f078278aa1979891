from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils import timezone
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from core.kernel.access import Permission
from core.kernel.api import BrandViewSet, Filter, ModelSerializer, Serializer
from core.kernel.parsers import StrictJSONParser
from members.imports import services
from members.imports.models import ImportJob, ImportRejection, Subject

if TYPE_CHECKING:
    from rest_framework.request import Request


class ImportOut(ModelSerializer):
    """``state`` is ``uploaded`` until it is started, then that of its run."""

    file_name = serializers.CharField(source="file.name", read_only=True)
    state = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField()
    errors_file = serializers.SerializerMethodField()

    class Meta:
        model = ImportJob
        fields = [
            "id",
            "subject",
            "file_name",
            "state",
            "error",
            "is_dry_run",
            "headers",
            "mapping",
            "options",
            "row_estimate",
            "read_count",
            "created_count",
            "updated_count",
            "unchanged_count",
            "rejected_count",
            "errors_file",
            "created_at",
            "finished_at",
        ]

    def get_state(self, job: ImportJob) -> str:
        """Where the import stands."""
        return job.run.state if job.run else "uploaded"

    def get_error(self, job: ImportJob) -> str:
        """Why it failed, for people."""
        return job.run.error if job.run else ""

    def get_errors_file(self, job: ImportJob) -> str | None:
        """Return the address of the rows to mend."""
        if job.errors_file_id is None:
            return None
        path = reverse("core:files-download", args=[job.errors_file_id])
        found: str = self.context["request"].build_absolute_uri(path)
        return found


class ImportUpload(Serializer):
    file = serializers.FileField(allow_empty_file=True, max_length=None)
    subject = serializers.ChoiceField(choices=Subject.choices)


class ImportStart(Serializer):
    """Without a mapping the suggested one is taken; without options their defaults."""

    mapping = serializers.DictField(child=serializers.CharField(max_length=80), required=False)
    options = serializers.DictField(child=serializers.JSONField(), required=False)
    is_dry_run = serializers.BooleanField(default=False)


class RejectionOut(ModelSerializer):
    class Meta:
        model = ImportRejection
        fields = ["id", "row_number", "column", "code", "reason", "value"]


class ImportViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Files of members or orders: upload, start, watch, and read which rows stayed out."""

    queryset = ImportJob.objects.select_related("file", "run")
    serializer_class = ImportOut
    parser_classes = [MultiPartParser, StrictJSONParser]
    inputs = {"create": ImportUpload, "start": ImportStart}
    permissions = {"GET": Permission.MEMBERS_IMPORT, "POST": Permission.MEMBERS_IMPORT}
    filters = {
        "subject": Filter(
            serializers.ChoiceField(choices=Subject.choices), "subject", "members or orders."
        )
    }
    # Vetting reads the whole file; no transaction stays open meanwhile.
    own_tenant_actions = frozenset({"create"})

    def create(self, request: Request) -> Response:
        """Upload a CSV or XLSX file as multipart form; nothing is read into members yet."""
        values = self.parsed()
        upload = values["file"]
        job = services.receive_file(
            file=upload.file,
            name=upload.name or "",
            subject=values["subject"],
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.created(job)

    @action(detail=True, methods=["post"])
    def start(self, request: Request, **_kwargs: Any) -> Response:
        """Start to read the file, for a trial or for good; watch it by GET."""
        job, values = self.get_object(), self.parsed()
        services.start_import(
            job_id=job.pk,
            mapping=values.get("mapping", job.mapping),
            options=values.get("options", job.options),
            is_dry_run=values["is_dry_run"],
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.rendered(self.get_object(), HTTPStatus.ACCEPTED)

    @action(detail=True, methods=["get"])
    def rejections(self, request: Request, **_kwargs: Any) -> Response:
        """Return the rows that stayed out, each with row, column and reason."""
        job = self.get_object()
        page = self.paginate_queryset(job.rejections.all())
        return self.get_paginated_response(RejectionOut(page, many=True).data)
