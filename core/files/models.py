from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

from core.kernel.scoping import BrandModel, BrandQuerySet

if TYPE_CHECKING:
    from typing import Self

    from core.kernel.access import Viewer


class StoredFileQuerySet(BrandQuerySet["StoredFile"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """Brand-wide viewers see all; others what they themselves started. Pieces are nobody's."""
        rows = self.filter(brand_id=viewer.brand_id).exclude(purpose=StoredFile.Purpose.PIECE)
        return rows if viewer.is_brand_wide else rows.filter(created_by_id=viewer.staff_id)


class StoredFile(BrandModel):
    """One file under FILES_DIR. ``name`` is for people; ``path`` is ours and says nothing.

    ``holds`` is the scope of the rows inside, ``{"dealer_ids": null for the whole brand}``: who
    no longer sees all of it cannot fetch it. Empty where the file holds nobody's rows but its
    maker's.
    """

    class Purpose(models.TextChoices):
        IMPORT = "import", "import"
        RESULT = "result", "result"
        PIECE = "piece", "piece"  # of a result that a run has not finished

    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    name = models.CharField(max_length=160)
    path = models.CharField(max_length=120, unique=True)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    needs = models.CharField(max_length=40, blank=True)  # permission a download asks for
    holds = models.JSONField(null=True)
    created_by_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)  # its bytes; the row still says what it was

    objects = StoredFileQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["brand", "expires_at"], name="core_storedfile_expiry")]

    def __str__(self) -> str:
        return self.name
