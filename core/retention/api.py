from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from core.kernel.access import Permission
from core.kernel.api import BrandViewSet, Serializer
from core.kernel.errors import Forbidden
from core.retention import selectors, services
from core.retention.models import RetentionRule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rest_framework.request import Request

    from core.retention.selectors import Line


class RetentionOut(Serializer):
    kind = serializers.CharField()
    days = serializers.IntegerField()
    before = serializers.DateTimeField(help_text="What is older goes in the coming night.")
    due = serializers.IntegerField(
        help_text=f"How many rows that would be; {selectors.COUNT_TO} means at least as many."
    )


class RetentionIn(Serializer):
    days = serializers.IntegerField(min_value=1)


class RetentionViewSet(BrandViewSet):
    """After how many days each kind of data is emptied, and what the coming night would do."""

    queryset = RetentionRule.objects.all()
    serializer_class = RetentionOut
    inputs = {"partial_update": RetentionIn}
    permissions = {"GET": Permission.PRIVACY_VIEW, "PATCH": Permission.PRIVACY_EDIT}
    filter_backends = []
    pagination_class = None  # type: ignore[assignment]  # the kinds are few
    lookup_field = "kind"
    lookup_value_regex = "[a-z_]+"

    @extend_schema(operation_id="core_retention_rules", responses=RetentionOut(many=True))
    def list(self, request: Request) -> Response:
        """Tell every rule; nothing is changed."""
        return Response([_shown(line) for line in self._lines()])

    def partial_update(self, request: Request, **_kwargs: Any) -> Response:
        """Set the days of one kind; they hold from the coming night on."""
        kind = str(self.kwargs["kind"])
        days = self.parsed().get("days", 0)
        services.change_rule(kind=kind, days=days, actor=self.viewer, now=timezone.now())
        return Response(next(_shown(line) for line in self._lines() if line.kind == kind))

    def _lines(self) -> Sequence[Line]:
        if not self.viewer.is_brand_wide:
            raise Forbidden(_("Only who sees the whole brand may see this."))
        return selectors.lines(brand_id=self.viewer.brand_id, now=timezone.now())


def _shown(line: Line) -> dict[str, Any]:
    return {
        "kind": line.kind,
        "days": line.days,
        "before": line.before.isoformat(),
        "due": line.due,
    }
