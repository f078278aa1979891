from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.kernel.scoping import BrandModel, BrandQuerySet


class RetentionRule(BrandModel):
    """After how many days one kind of data is emptied. Without a row, the kind's default."""

    kind = models.CharField(max_length=20)
    days = models.PositiveIntegerField(_("days"))

    objects = BrandQuerySet["RetentionRule"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "kind"], name="core_retentionrule_one_per_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.days}"
