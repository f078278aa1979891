"""The purger of uploads and result files: their bytes leave the disk, their rows where nothing
refers to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.files import services as files
from core.files.models import StoredFile
from core.retention.ports import Batch

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet


@dataclass(frozen=True, slots=True)
class OldFiles:
    """Files that were stored too long ago. Few, so that each is deleted on its own.

    ``only_rows`` means results that hold rows of the database, such as exports.
    """

    only_rows: bool = False

    def due(self, *, brand_id: int, before: datetime, most: int) -> int:
        """Return how many files would go."""
        return self._old(brand_id, before)[:most].count()

    def purge(
        self, *, brand_id: int, before: datetime, after: int, limit: int, now: datetime
    ) -> Batch:
        """Delete the next files by id."""
        rows = self._old(brand_id, before).filter(pk__gt=after).select_for_update()
        found = list(rows.order_by("pk")[:limit])
        for stored in found:
            files.discard(stored=stored, now=now)
        return Batch(len(found), found[-1].pk if len(found) == limit else None)

    def _old(self, brand_id: int, before: datetime) -> QuerySet[StoredFile]:
        rows = StoredFile.objects.filter(brand_id=brand_id, created_at__lt=before, deleted_at=None)
        return rows.filter(holds__isnull=False) if self.only_rows else rows
