from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.kernel.scoping import BrandDetail, BrandQuerySet

if TYPE_CHECKING:
    from typing import Self


class WorkRow(BrandDetail):
    """Something to do once, outside this transaction, at or after a given time."""

    class State(models.TextChoices):
        DUE = "due", _("Due")
        CLAIMED = "claimed", _("Claimed")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")
        HELD = "held", _("Held")  # waits for a person; out of the claim's sight
        UNKNOWN = "unknown", _("Unknown")  # may have happened; reconciled, never blindly repeated
        CANCELLED = "cancelled", _("Cancelled")

    OPEN_STATES = (State.DUE, State.CLAIMED, State.HELD)

    id = models.BigAutoField(primary_key=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.DUE)
    claimable_at = models.DateTimeField()  # when due; once claimed, when the lease runs out
    fence = models.PositiveIntegerField(default=0)  # counts claims; only the newest may settle
    settled_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        abstract = True
        indexes = [
            # Both serve only the claim; settled rows, nearly all of them, stay out of them. What a
            # worker left behind goes first, so it has an index apart from what merely waits.
            models.Index(
                fields=["brand", "claimable_at", "id"],
                condition=models.Q(state="due"),
                name="%(app_label)s_%(class)s_due",
            ),
            models.Index(
                fields=["brand", "claimable_at", "id"],
                condition=models.Q(state="claimed"),
                name="%(app_label)s_%(class)s_claimed",
            ),
            # Serves the reconciliation, which asks what became of them.
            models.Index(
                fields=["brand", "settled_at"],
                condition=models.Q(state="unknown"),
                name="%(app_label)s_%(class)s_unknown",
            ),
        ]


W = TypeVar("W", bound=WorkRow)


class WorkQuerySet(BrandQuerySet[W]):
    def open(self) -> Self:
        """Not at their end yet, whether or not a worker has them."""
        return self.filter(state__in=WorkRow.OPEN_STATES)
