"""What imports need to bring in tags as every other way does: held, recorded, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from members.tags import recording
from members.tags.models import TagAct

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from core.kernel.access import Viewer


def import_sql(*, changes: str) -> str:
    """Return a statement that brings in tags from a file, with what writes its history down.

    ``changes`` are CTEs that begin with ``matched`` and end with the selects of ``deltas``; the
    values of ``import_values`` stand for the names in it.
    """
    text = "WITH {changes} {record} SELECT count(*) FROM deltas"
    return recording.woven(text, changes=changes, record=recording.RECORD)


def import_values(
    *, brand_id: int, tag_ids: Collection[int], actor: Viewer, now: datetime, run_id: int | None
) -> dict[str, Any]:
    """Hold the tags that a file names until the transaction ends; return what ``RECORD`` writes."""
    recording.hold(brand_id=brand_id, tag_ids=tag_ids)
    return recording.act_values(
        brand_id=brand_id, source=TagAct.Source.IMPORT, actor=actor, now=now, run_id=run_id
    )
