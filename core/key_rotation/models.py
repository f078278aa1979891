from __future__ import annotations

from django.db import models

from core.kernel.scoping import BrandModel, BrandQuerySet


class KeyRotation(BrandModel):
    """How far the rotation to one key has come in one field; commits with each batch."""

    table = models.CharField(max_length=80)  # the model's label
    field = models.CharField(max_length=40)
    key_id = models.CharField(max_length=40)
    after_id = models.BigIntegerField(default=0)
    rewritten = models.BigIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    objects = BrandQuerySet["KeyRotation"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "table", "field", "key_id"], name="core_keyrotation_one_per_field"
            )
        ]

    def __str__(self) -> str:
        return f"{self.table}.{self.field} to {self.key_id} after {self.after_id}"
