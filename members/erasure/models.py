from __future__ import annotations

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.kernel.scoping import BrandModel, BrandQuerySet
from core.runs.models import Run
from members.erasure.rules import MOST_GRACE_DAYS


class ErasurePolicy(BrandModel):
    """How long a brand lets a deletion wait, so that it can be taken back. Without a row: not."""

    grace_days = models.PositiveIntegerField(
        _("days to wait"), default=0, validators=[MaxValueValidator(MOST_GRACE_DAYS)]
    )

    objects = BrandQuerySet["ErasurePolicy"].as_manager()

    class Meta:
        verbose_name_plural = "erasure policies"
        constraints = [
            models.UniqueConstraint(fields=["brand"], name="members_erasurepolicy_one"),
            models.CheckConstraint(
                condition=models.Q(grace_days__lte=MOST_GRACE_DAYS),
                name="members_erasurepolicy_not_long",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.grace_days} days"


class ErasureQuerySet(BrandQuerySet["Erasure"]):
    dealer_field = "dealer_id"


class Erasure(BrandModel):
    """A member is to be deleted, or was: what is left then is this row.

    ``member_id`` and ``dealer_id`` are plain numbers. ``mark`` is a keyed hash of the number and
    the moment at which the member was taken in, so that a restored backup is known to hold the
    same person and not somebody who got the number anew. ``traces`` are the texts still to be
    looked for, encrypted; they go when the search has ended, and so does ``note``.
    """

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("deletion", "Waiting")
        RUNNING = "running", pgettext_lazy("deletion", "Being deleted")
        DONE = "done", pgettext_lazy("deletion", "Deleted")
        WITHDRAWN = "withdrawn", pgettext_lazy("deletion", "Taken back")

    class Reason(models.TextChoices):
        ASKED = "asked", _("The person asked for it")
        MISTAKE = "mistake", _("Taken in by mistake")
        LAW = "law", _("We may not keep the data any longer")
        RESTORED = "restored", _("Deleted before, and back from a backup")

    member_id = models.BigIntegerField()
    dealer_id = models.BigIntegerField(null=True)
    mark = models.BinaryField(max_length=16)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    reason = models.CharField(_("reason"), max_length=8, choices=Reason.choices)
    note = models.CharField(_("note"), max_length=200, blank=True)
    requested_by_id = models.BigIntegerField(null=True)
    requested_by_label = models.CharField(max_length=80)
    requested_at = models.DateTimeField()
    due_at = models.DateTimeField()
    run = models.ForeignKey(
        Run, models.PROTECT, related_name="+", null=True, db_constraint=False, db_index=False
    )
    traces = models.BinaryField(null=True)
    rows_gone_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = ErasureQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "member_id"],
                condition=models.Q(state__in=["waiting", "running"]),
                name="members_erasure_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["done", "withdrawn"], finished_at__isnull=False)
                | models.Q(state__in=["waiting", "running"], finished_at=None),
                name="members_erasure_finished_iff_ended",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="done")
                | models.Q(traces=None, note="", rows_gone_at__isnull=False),
                name="members_erasure_done_leaves_nothing",
            ),
        ]
        indexes = [
            models.Index(fields=["brand", "-id"], name="members_erasure_newest"),
            models.Index(fields=["brand", "member_id", "-id"], name="members_erasure_of_member"),
            models.Index(
                fields=["brand", "due_at"],
                condition=models.Q(state__in=["waiting", "running"]),
                name="members_erasure_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.state}"
