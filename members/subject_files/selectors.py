from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.files.models import StoredFile
from core.runs.models import Run
from members.subject_files.models import SubjectFile

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.profiles.models import Member

KIND = "subject_file"
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """A file that was asked for, and what became of it."""

    row: SubjectFile
    run: Run | None
    file: StoredFile | None


def files_of(*, member: Member, viewer: Viewer, now: datetime) -> list[Asked]:
    """Return the newest files of a member; one that has expired is there no more."""
    rows = SubjectFile.objects.visible_to(viewer).filter(member=member).order_by("-pk")[:SHOWN]
    some = list(rows)
    runs = Run.objects.filter(brand_id=member.brand_id).in_bulk(
        [r.run_id for r in some if r.run_id]
    )
    files = StoredFile.objects.filter(brand_id=member.brand_id, expires_at__gt=now)
    there = files.in_bulk([row.file_id for row in some if row.file_id])
    return [Asked(row, runs.get(row.run_id or 0), there.get(row.file_id or 0)) for row in some]
