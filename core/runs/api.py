from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from rest_framework import mixins, serializers
from rest_framework.decorators import action

from core.kernel.access import Permission
from core.kernel.api import BrandViewSet, Filter, ModelSerializer
from core.kernel.errors import Forbidden
from core.runs import selectors, services
from core.runs.models import Run

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response


class RunOut(ModelSerializer):
    rate = serializers.SerializerMethodField(help_text="Per second, while it runs.")
    remaining_seconds = serializers.SerializerMethodField(help_text="While it runs and is known.")

    class Meta:
        model = Run
        fields = [
            "id",
            "kind",
            "title",
            "state",
            "asked",
            "unit",
            "done",
            "total",
            "rate",
            "remaining_seconds",
            "result",
            "error",
            "can_resume",
            "requested_by_label",
            "created_at",
            "started_at",
            "finished_at",
        ]

    def get_rate(self, run: Run) -> float | None:
        """Return how fast it goes now."""
        return selectors.pace_of(run=run, now=timezone.now()).rate

    def get_remaining_seconds(self, run: Run) -> float | None:
        """Return how long it still takes at this rate."""
        return selectors.pace_of(run=run, now=timezone.now()).remaining


class RunViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Background tasks: imports, group building and everything else that takes longer."""

    queryset = Run.objects.all()
    serializer_class = RunOut
    permissions = {"GET": Permission.RUNS_VIEW, "POST": Permission.RUNS_VIEW}
    filters = {
        "state": Filter(serializers.ChoiceField(choices=Run.State.choices), "state", "Its state."),
        "kind": Filter(serializers.CharField(max_length=40), "kind", "What it does."),
    }
    orderings = ("-id",)

    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Let the task stop after its present step, to be resumed later."""
        return self._ask(Run.Asked.PAUSE)

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """End the task after its present step, for good."""
        return self._ask(Run.Asked.CANCEL)

    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Let a paused or interrupted task go on from its last finished step."""
        run = self._controllable()
        run = services.resume(run_id=run.pk, actor=self.viewer, now=timezone.now())
        return self.rendered(run)

    def _ask(self, wish: Run.Asked) -> Response:
        run = self._controllable()
        run = services.ask(run_id=run.pk, wish=wish, actor=self.viewer, now=timezone.now())
        return self.rendered(run)

    def _controllable(self) -> Any:
        run = self.get_object()
        if not selectors.may_control(run=run, viewer=self.viewer):
            raise Forbidden
        return run
