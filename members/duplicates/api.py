from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from core.kernel.access import Permission
from core.kernel.api import BrandViewSet, Filter, ModelSerializer
from members.duplicates import services
from members.duplicates.models import DuplicatePair

if TYPE_CHECKING:
    from rest_framework.request import Request


class PairOut(ModelSerializer):
    class Meta:
        model = DuplicatePair
        fields = ["id", "first", "second", "score", "reasons", "state", "found_at"]


class DuplicateViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Pairs of members who may be one person, the surest first. Merge them, or dismiss them."""

    queryset: Any = DuplicatePair.objects.all()
    serializer_class = PairOut
    permissions = {"GET": Permission.MEMBERS_EDIT, "POST": Permission.MEMBERS_EDIT}
    filters = {
        "state": Filter(serializers.ChoiceField(DuplicatePair.State.choices), "state", "State."),
    }
    orderings = ("-score", "-id")

    @action(detail=False, methods=["post"])
    def find(self, request: Request) -> Response:
        """Look for pairs in the background: 202 with the task."""
        run = services.find_duplicates(actor=self.viewer, now=timezone.now())
        return Response({"run": run.pk}, status=HTTPStatus.ACCEPTED)

    @action(detail=True, methods=["post"])
    def dismiss(self, request: Request, **_kwargs: Any) -> Response:
        """Say that the two are two people."""
        pair = services.dismiss(pair=self.get_object(), actor=self.viewer, now=timezone.now())
        return self.rendered(pair)
