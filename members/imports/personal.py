"""Where imports may name somebody: first rows shown as a sample, and values that were refused.

The files themselves are looked through with all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from members.erasure.ports import Search
from members.erasure.rules import GONE
from members.erasure.services import stretch, texts_of
from members.imports.fields import FIELDS
from members.imports.models import ImportJob, ImportProfile, ImportRejection

if TYPE_CHECKING:
    from members.erasure.ports import Searching

OF_A_JOB = ("sample", "headers", "mapping", "options", "source")
PLAIN = texts_of(model=ImportJob, columns=OF_A_JOB, masks=True)


def _samples(searching: Searching) -> Any:
    """A row of a sample that names somebody goes whole: its other cells are about them, too."""
    low, high = stretch(model=ImportJob, searching=searching)
    rows = ImportJob.objects.filter(brand_id=searching.brand_id, pk__gt=low, pk__lte=high)
    for job in rows.only("sample"):
        sample = [_row(row, searching) for row in job.sample]
        if sample != job.sample:
            rows.filter(pk=job.pk).update(sample=sample)
    return PLAIN.step(searching)


def _row(row: list[str], searching: Searching) -> list[str]:
    return row if searching.traces.without(row, masks=True) == row else [GONE for _cell in row]


SEARCHES = (
    Search(model=ImportJob, columns=OF_A_JOB, step=_samples),
    texts_of(model=ImportRejection, columns=("column", "reason", "value"), masks=True),
    texts_of(model=ImportProfile, columns=("name", "mapping", "options"), names=False),
)
COMMON_WORDS = [
    word for fields in FIELDS.values() for each in fields for word in (each.name, *each.others)
]
