"""Imports as pages show them: states in one word, columns beside their samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.runs import selectors as runs
from members.imports.fields import FIELDS, REQUIRED, Field
from members.imports.forms import PREFIX, MappingForm

if TYPE_CHECKING:
    from datetime import datetime

    from django.forms import BoundField
    from django.utils.functional import _StrOrPromise, _StrPromise

    from core.runs.models import Run
    from core.runs.rules import Pace
    from members.imports.models import ImportJob

SAMPLES = 3
# What the templates for download show; every name, number and VIN is made up.
EXAMPLES: dict[str, list[dict[str, str]]] = {
    "members": [
        {
            "customer_no": "C0001",
            "display_name": "陈小宇",
            "phone": "13800001234",
            "gender": "女",
            "city": "杭州",
            "home_dealer": "",
            "stage": "导入期",
            "joined_on": "2026-05-06",
            "tags": "露营;兴趣:摄影",
            "consent": "是",
        },
        {"customer_no": "C0002", "display_name": "马明", "phone": "13900005678", "city": "3101"},
    ],
    "orders": [
        {
            "order_no": "SO-20260506-01",
            "customer_no": "C0001",
            "ordered_at": "2026-05-06 14:30",
            "amount": "1280.00",
            "quantity": "1",
            "channel": "门店",
            "category": "保养",
        },
        {"order_no": "SO-20260507-08", "customer_no": "C0002", "ordered_at": "2026-05-07",
         "amount": "399", "quantity": "2"},
    ],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownJob:
    """An import in a list or on top of its page."""

    job: ImportJob
    state: str

    @property
    def is_waiting(self) -> bool:
        """Whether a person has yet to say what the columns are."""
        return self.state in {"uploaded", "tried"}


@dataclass(frozen=True, slots=True)
class MappedColumn:
    """One of our fields with the choice of a column and what that column holds."""

    field: Field
    bound: BoundField
    samples: list[str]
    is_needed: bool


@dataclass(frozen=True, slots=True)
class Moving:
    """How far the run is: the bar, its color, the pace, and where to stop it."""

    run: Run
    pace: Pace
    url: str
    tone: str
    bar_total: int | None


def moving(run: Run, now: datetime) -> Moving:
    """Return a run as the page of its import shows it."""
    total = run.total if run.total is not None or run.is_open else max(run.done, 1)
    return Moving(
        run=run,
        pace=runs.pace_of(run=run, now=now),
        url=reverse("core:runs-detail", args=[run.pk]),
        tone={"succeeded": "ok", "failed": "bad", "paused": "warn"}.get(run.state, ""),
        bar_total=total,
    )


def steps() -> list[_StrPromise]:
    """Return the way of a file, in order."""
    return [_("Upload"), _("Columns"), _("Trial"), _("Bring in")]


def shown_job(job: ImportJob) -> ShownJob:
    """Return an import with its state: a finished trial is not done yet."""
    if job.run is None:
        state = "uploaded"
    elif job.is_dry_run and job.run.state == "succeeded":
        state = "tried"
    else:
        state = str(job.run.state)
    return ShownJob(job, state)


def progress_of(job: ImportJob) -> int:
    """Return at which of the steps the import stands, from 1."""
    if job.run is None:
        return 2
    if job.is_dry_run:
        return 3
    return 5 if job.run.state == "succeeded" else 4


def mapped_columns(
    job: ImportJob, form: MappingForm, mapping: dict[str, str]
) -> list[MappedColumn]:
    """Return every field of the subject with its choice and the first values of its column."""
    needed = {name for group in REQUIRED[job.subject] for name in group}
    return [
        MappedColumn(
            field=field,
            bound=form[PREFIX + field.name],
            samples=_samples(job, mapping.get(field.name, "")),
            is_needed=field.name in needed,
        )
        for field in form.all
    ]


def _samples(job: ImportJob, column: str) -> list[str]:
    if column not in job.headers:
        return []
    at = job.headers.index(column)
    found = dict.fromkeys(row[at] for row in job.sample if at < len(row) and row[at])
    return list(found)[:SAMPLES]


def needed_names(subject: str) -> list[_StrOrPromise]:
    """Return what must be mapped, in words: “Customer number or Phone”."""
    labels: dict[str, Any] = {field.name: field.label for field in FIELDS[subject]}
    return [str(_(" or ")).join(str(labels[name]) for name in group) for group in REQUIRED[subject]]
