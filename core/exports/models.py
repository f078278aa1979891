from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.kernel.scoping import BrandModel, BrandQuerySet
from core.runs.models import Run

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self


class ExportRequestQuerySet(BrandQuerySet["ExportRequest"]):
    is_brand_wide = True  # Who decides sees whole files; others meet theirs through their run.

    def needing_two(self) -> Self:
        """Those that somebody else was asked about."""
        return self.exclude(state=ExportRequest.State.ALONE)

    def waiting(self, now: datetime) -> Self:
        """Those that can still be decided."""
        return self.filter(state=ExportRequest.State.WAITING, lapses_at__gt=now)


class ExportRequest(BrandModel):
    """How many rows about people a run may write, and who allowed it.

    Up to a number of rows a day people take alone (``ALONE``); beyond, another person decides.
    What is allowed is ``rows_ceiling`` rows of exactly what ``digest`` stands for. A run that
    outgrows this is asked about anew, with a row of its own.

    ``requested_by_id`` is who answers for it: of an API key, the person who made it.
    """

    class State(models.TextChoices):
        ALONE = "alone", _("Within the daily limit")
        WAITING = "waiting", _("Awaiting approval")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", pgettext_lazy("a request", "Refused")
        LAPSED = "lapsed", _("Lapsed")
        OUTGROWN = "outgrown", _("Outgrown")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    OPEN_STATES = (State.ALONE, State.WAITING, State.APPROVED)

    run = models.ForeignKey(
        Run, models.PROTECT, related_name="export_requests", db_constraint=False
    )
    state = models.CharField(max_length=10, choices=State.choices)
    list_key = models.CharField(max_length=40)
    words = models.TextField()  # the filters, without what was typed
    columns = models.JSONField(default=list)
    file_format = models.CharField(max_length=4)
    digest = models.BinaryField(max_length=16)
    rows = models.BigIntegerField()
    rows_ceiling = models.BigIntegerField()
    requested_by_id = models.BigIntegerField(null=True)
    requested_by_label = models.CharField(max_length=80)
    requested_at = models.DateTimeField()
    lapses_at = models.DateTimeField()
    decided_by_id = models.BigIntegerField(null=True)
    decided_by_label = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)

    objects = ExportRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "run"],
                condition=Q(state__in=["alone", "waiting", "approved"]),
                name="core_exportrequest_one_open",
            ),
            models.CheckConstraint(
                condition=Q(decided_by_id=None) | ~Q(decided_by_id=F("requested_by_id")),
                name="core_exportrequest_two_people",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "refused"]) | Q(decided_by_id__isnull=False),
                name="core_exportrequest_somebody_decided",
            ),
        ]
        indexes = [
            models.Index(fields=["brand", "-id"], name="core_exportrequest_newest"),
            models.Index(
                fields=["brand", "requested_by_id", "requested_at"],
                condition=Q(state="alone"),
                name="core_exportrequest_of_day",
            ),
            models.Index(
                fields=["brand", "lapses_at"],
                condition=Q(state="waiting"),
                name="core_exportrequest_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.list_key} {self.rows} {self.state}"
