from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.kernel.scoping import BrandDetail, BrandQuerySet
from members.profiles.models import Member

if TYPE_CHECKING:
    from typing import Self

    from core.kernel.access import Viewer


class DuplicateQuerySet(BrandQuerySet["DuplicatePair"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """Keep the pairs of which the viewer may see both."""
        rows = self.filter(brand_id=viewer.brand_id)
        if viewer.dealer_ids is None:
            return rows
        return rows.filter(
            first__home_dealer_id__in=viewer.dealer_ids,
            second__home_dealer_id__in=viewer.dealer_ids,
        )


class DuplicatePair(BrandDetail):
    """Two members who may be one. ``first`` is the older; ``reasons`` say why, ``score`` how sure.

    A pair that people dismissed stays, so that it is not found again. So does what a refusal told
    (``rules.TOLD``) until somebody judges it: the search cannot meet it again.
    """

    class State(models.TextChoices):
        OPEN = "open", _("To be judged")
        DISMISSED = "dismissed", _("Two people")

    id = models.BigAutoField(primary_key=True)
    first = models.ForeignKey(
        Member, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    second = models.ForeignKey(
        Member, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    score = models.PositiveSmallIntegerField(_("score"))
    reasons = models.JSONField(_("why"))
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    found_at = models.DateTimeField()
    dismissed_at = models.DateTimeField(null=True)
    dismissed_by_label = models.CharField(max_length=80, blank=True)

    objects = DuplicateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "first", "second"], name="members_duplicate_one_per_pair"
            ),
            models.CheckConstraint(
                condition=Q(first__lt=F("second")), name="members_duplicate_older_first"
            ),
        ]
        indexes = [
            models.Index(
                fields=["brand", "-score", "-id"],
                condition=Q(state="open"),
                name="members_duplicate_to_judge",
            ),
            models.Index(fields=["brand", "second"], name="members_duplicate_by_second"),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} {self.second_id}"
