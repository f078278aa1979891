from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from core.kernel.access import Permission
from core.kernel.api import BrandViewSet, Filter, ModelSerializer, Serializer
from core.kernel.batches import BatchOut, BatchViewSet, RowResult
from core.kernel.parsers import StrictJSONParser
from members.imports import services
from members.imports.models import ImportJob, ImportRejection, Subject

if TYPE_CHECKING:
    from rest_framework.request import Request


class ImportOut(ModelSerializer):
    """``state`` is ``uploaded`` until it is started, then that of its run.

    ``warning_count`` counts rows among those brought in that should be looked at again.
    """

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
            "warning_count",
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
    paged_actions = {"rejections": ("row_number",), "warnings": ("row_number",)}
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

    @extend_schema(responses=RejectionOut(many=True))
    @action(detail=True, methods=["get"])
    def rejections(self, request: Request, **_kwargs: Any) -> Response:
        """Return the rows that stayed out in the order of the file: row, column and reason."""
        job = self.get_object()
        page = self.paginate_queryset(job.rejections.filter(is_taken=False))
        return self.get_paginated_response(RejectionOut(page, many=True).data)

    @extend_schema(responses=RejectionOut(many=True))
    @action(detail=True, methods=["get"])
    def warnings(self, request: Request, **_kwargs: Any) -> Response:
        """Return rows that came in and should be looked at again: the first 1,000 of a file."""
        job = self.get_object()
        page = self.paginate_queryset(job.rejections.filter(is_taken=True))
        return self.get_paginated_response(RejectionOut(page, many=True).data)


def _text(help_text: str = "") -> serializers.CharField:
    return serializers.CharField(required=False, allow_null=True, help_text=help_text)


class MemberRow(Serializer):
    """Matched by customer number, else by phone. Null and absent fields change nothing.

    `custom` is an object: `{"use": "通勤", "likes": ["E5", "E7"], "size": 4}`.
    """

    customer_no = _text("Your own number of the person.")
    phone = _text("Any usual form; kept encrypted.")
    display_name = _text()
    gender = _text("`m` or `f`.")
    city = _text("Code, full or short name: `3301`, `杭州市`, `杭州`.")
    home_dealer = _text("Code or name of the dealer.")
    stage = _text("Lifecycle stage.")
    joined_on = _text("A day, `2026-03-01`.")
    last_active_at = _text(
        "A moment with its zone, not after today. The later one of this and what is known counts."
    )
    app_user = _text("Their id in your app.")
    unionid = _text("Their WeChat unionid.")
    custom = serializers.DictField(
        child=serializers.JSONField(allow_null=True),
        required=False,
        allow_null=True,
        help_text="Values of the brand's own fields by key, as in the entry of one member: null "
        "takes one away, keys left out stay. Somebody new needs those that are required.",
    )
    version = serializers.IntegerField(
        required=False, allow_null=True, help_text="The row is refused if it is not this any more."
    )


class VehicleRow(Serializer):
    """A car and its present owner, who is named by customer number or by phone."""

    vin = serializers.CharField(help_text="17 characters; kept encrypted.")
    model = serializers.CharField(help_text="Code or name of a model of the brand.")
    delivered_on = serializers.CharField(help_text="A day, `2026-03-01`.")
    customer_no = _text()
    phone = _text()


class OrderRow(Serializer):
    """Matched by order number; belongs to a member named by customer number or phone."""

    order_no = serializers.CharField(help_text="The selling system's number.")
    ordered_at = serializers.CharField(help_text="A moment with its zone.")
    amount_fen = serializers.IntegerField(help_text="Whole fen.")
    quantity = serializers.IntegerField(required=False, allow_null=True)
    channel = _text()
    category = _text("The brand's own word for what was bought: `精品`, `保养`.")
    customer_no = _text()
    phone = _text()


class MemberBatchIn(Serializer):
    rows = MemberRow(many=True)


class VehicleBatchIn(Serializer):
    rows = VehicleRow(many=True)
    is_domestic = serializers.BooleanField(
        default=True,
        help_text="Cars built in China: a wrong check digit refuses the row; else it warns.",
    )


class OrderBatchIn(Serializer):
    rows = OrderRow(many=True)


REFUSED = {
    "row": 2,
    "outcome": "refused",
    "id": None,
    "errors": [{"pointer": "/rows/1/phone", "code": "phone", "detail": "Not a phone number"}],
    "warnings": [],
}
CREATED = {"row": 1, "outcome": "created", "id": 4711, "errors": [], "warnings": []}
ANSWER = OpenApiExample(
    "One created, one refused",
    response_only=True,
    value={
        "counts": {"created": 1, "updated": 0, "unchanged": 0, "refused": 1},
        "results": [CREATED, REFUSED],
    },
)


def _asked(**row: Any) -> OpenApiExample:
    return OpenApiExample("One row", request_only=True, value={"rows": [row]})


class _ImportedBatch(BatchViewSet):
    """Rows that mean what they would mean in a file; see the guide to imports."""

    kind = ""
    permissions = {"POST": Permission.MEMBERS_IMPORT}

    def _bring_in(self) -> Response:
        found = services.bring_in_rows(
            kind=self.kind, **self.taken(), actor=self.viewer, now=timezone.now()
        )
        return self.answered(
            RowResult(row.outcome, row.id, row.told(), row.warned()) for row in found
        )


class MemberBatchViewSet(_ImportedBatch):
    """Members in batches."""

    kind = "members"
    inputs = {"create": MemberBatchIn}

    @extend_schema(
        responses={200: BatchOut},
        examples=[
            ANSWER,
            _asked(
                customer_no="C-1",
                display_name="陈小宇",
                phone="13811112222",
                custom={"use": "通勤"},
                version=3,
            ),
        ],
    )
    def create(self, request: Request) -> Response:
        """Create or change up to 1,000 members; each row is judged alone.

        A row means the member with its customer number, else with its phone. With `version` it is
        refused (`stale_version`) if somebody has changed the member since.
        """
        return self._bring_in()


class VehicleBatchViewSet(_ImportedBatch):
    """Cars in batches."""

    kind = "vehicles"
    inputs = {"create": VehicleBatchIn}

    @extend_schema(
        responses={200: BatchOut},
        examples=[
            ANSWER,
            _asked(
                customer_no="C-1", vin="LSVAU2A37N2123456", model="E7", delivered_on="2026-03-01"
            ),
        ],
    )
    def create(self, request: Request) -> Response:
        """Give up to 1,000 cars to members who are known; each row is judged alone.

        A car of another member is refused (`vin_taken`).
        """
        return self._bring_in()


class OrderBatchViewSet(_ImportedBatch):
    """Orders in batches."""

    kind = "orders"
    inputs = {"create": OrderBatchIn}

    @extend_schema(
        responses={200: BatchOut},
        examples=[
            ANSWER,
            _asked(
                order_no="SO-1",
                customer_no="C-1",
                ordered_at="2026-03-01T10:00:00+08:00",
                amount_fen=129900,
                channel="mall",
                category="精品",
            ),
        ],
    )
    def create(self, request: Request) -> Response:
        """Create or change up to 1,000 orders of members who are known; each is judged alone."""
        return self._bring_in()
