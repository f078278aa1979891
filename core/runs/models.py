from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.kernel.scoping import BrandModel, BrandQuerySet

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self

    from core.kernel.access import Viewer


class RunQuerySet(BrandQuerySet["Run"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """Brand-wide viewers see all; others what they themselves started."""
        rows = self.filter(brand_id=viewer.brand_id)
        return rows if viewer.is_brand_wide else rows.filter(requested_by_id=viewer.staff_id)

    def open(self) -> Self:
        """Not ended yet, whether or not a worker has it."""
        return self.filter(state__in=Run.OPEN_STATES)

    def claimable(self, now: datetime) -> Self:
        """Due, or left behind by a worker whose lease ran out."""
        return self.filter(state__in=[Run.State.QUEUED, Run.State.RUNNING], claimable_at__lte=now)


class Run(BrandModel):
    """One long piece of work, done in steps; each step commits its effect and its cursor together.

    ``kind`` names the handler in ``core.runs.ports``; ``params`` are its inputs, ``cursor`` is how
    far it came, ``result`` what it found. ``done`` and ``total`` count ``unit``.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        PAUSED = "paused", _("Paused")
        WAITING = "waiting", _("Awaiting approval")
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    class Asked(models.TextChoices):
        """What a person wants of a run that a worker holds."""

        NOTHING = "", _("nothing")
        PAUSE = "pause", _("pause")
        CANCEL = "cancel", _("cancel")

    OPEN_STATES = (State.QUEUED, State.RUNNING, State.PAUSED, State.WAITING)

    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=160)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    asked = models.CharField(max_length=8, choices=Asked.choices, default="", blank=True)
    params = models.JSONField(default=dict)
    cursor = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    unit = models.CharField(max_length=20, default="rows")
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    requested_by_id = models.BigIntegerField(null=True)
    requested_by_label = models.CharField(max_length=80)
    dealer_ids = models.JSONField(null=True)  # the requester's scope; null is the whole brand
    subject_url = models.CharField(max_length=200, blank=True)
    claimable_at = models.DateTimeField()  # when due; once claimed, when the lease runs out
    fence = models.PositiveIntegerField(default=0)  # counts claims; only the newest may write
    attempts = models.PositiveSmallIntegerField(default=0)  # claims not past the present step
    can_resume = models.BooleanField(default=False)  # failed, with everything left in its place
    stint_started_at = models.DateTimeField(null=True)  # since when, and from which ``done`` on,
    stint_done = models.BigIntegerField(default=0)  # it has been at work without a break
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at=None, state__in=["queued", "running", "paused", "waiting"])
                | Q(finished_at__isnull=False, state__in=["succeeded", "failed", "cancelled"]),
                name="core_run_finished_iff_ended",
            ),
            models.CheckConstraint(
                condition=Q(total=None) | Q(done__lte=models.F("total")),
                name="core_run_done_within_total",
            ),
        ]
        indexes = [
            # Serves only the claim; ended runs, nearly all of them, stay out of it.
            models.Index(
                fields=["brand", "claimable_at"],
                condition=Q(state__in=["queued", "running"]),
                name="core_run_claimable",
            ),
            models.Index(fields=["brand", "-id"], name="core_run_newest"),
            models.Index(
                fields=["brand", "requested_by_id", "-id"], name="core_run_newest_of_staff"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} {self.state}"

    @property
    def is_open(self) -> bool:
        """Whether it can still move."""
        return self.state in self.OPEN_STATES

    @property
    def ratio(self) -> float | None:
        """Share done, 0–1; None while the total is unknown."""
        if not self.total:
            return None
        return min(1.0, self.done / self.total)
