from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.kernel.scoping import BrandModel, BrandQuerySet


class Segment(BrandModel):
    """A named set of members, described by a tree of conditions.

    ``member_count`` is what the last count found, at ``counted_at``, for the whole brand.
    """

    name = models.CharField(_("name"), max_length=80)
    description = models.CharField(_("description"), max_length=300, blank=True)
    tree = models.JSONField()
    member_count = models.BigIntegerField(null=True)
    counted_at = models.DateTimeField(null=True)
    is_archived = models.BooleanField(default=False)
    created_by_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    objects = BrandQuerySet["Segment"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "name"],
                condition=models.Q(is_archived=False),
                name="members_segment_one_per_name",
            )
        ]

    def __str__(self) -> str:
        return self.name
