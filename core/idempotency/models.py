from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

from core.kernel.scoping import BrandModel, BrandQuerySet

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self


class IdempotencyKeyQuerySet(BrandQuerySet["IdempotencyKey"]):
    def older_than(self, moment: datetime) -> Self:
        """Kept long enough."""
        return self.filter(created_at__lt=moment)


class IdempotencyKey(BrandModel):
    """One answer to one request of one caller. Committed together with the request's effect.

    ``actor`` keeps callers of a brand from reading each other's answers by guessing keys.
    ``answer`` is sealed: what it tells of a member must not outlive the member in plain text.
    """

    actor = models.CharField(max_length=24)
    key = models.CharField(max_length=255)
    request_hash = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField()
    answer = models.BinaryField()
    created_at = models.DateTimeField()

    objects = IdempotencyKeyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "actor", "key"], name="core_idempotencykey_once"
            )
        ]
        indexes = [models.Index(fields=["brand", "created_at"], name="core_idempotencykey_expiry")]

    def __str__(self) -> str:
        return f"{self.actor} {self.key}"
