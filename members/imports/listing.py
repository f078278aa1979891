"""The list of imports, as its page, its file and its saved views know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.kernel.access import Permission
from core.kernel.badges import state_badge
from core.lists.ports import Column, ListSource
from members.imports import selectors
from members.imports.forms import ImportFilterForm
from members.imports.models import ImportJob
from members.imports.presenting import shown_job

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from core.kernel.access import Viewer


def form_of(query: Any, _viewer: Viewer) -> ImportFilterForm:
    """Return the filters of an address."""
    return ImportFilterForm(query)


def rows(*, viewer: Viewer, query: Any, now: datetime) -> QuerySet[ImportJob]:
    """Return the imports that an address means."""
    return narrowed(viewer=viewer, form=form_of(query, viewer))


def narrowed(*, viewer: Viewer, form: ImportFilterForm) -> QuerySet[ImportJob]:
    """Return the imports that fit the filters; all of them, where one cannot be read."""
    found: QuerySet[ImportJob] = ImportJob.objects.visible_to(viewer)
    found = found.select_related("file", "run")
    return selectors.narrowed(rows=found, **form.cleaned_data) if form.is_valid() else found


def cells(jobs: Sequence[ImportJob], _viewer: Viewer) -> Iterator[list[Any]]:
    """Draw imports."""
    for job in jobs:
        counts = [
            job.read_count,
            job.created_count,
            job.updated_count,
            job.unchanged_count,
            job.rejected_count,
        ]
        yield [
            job.file.name,
            job.get_subject_display(),
            str(state_badge(shown_job(job).state).label),
            *(counts if job.run else [job.row_estimate, None, None, None, None]),
            job.created_at,
        ]


IMPORTS = ListSource(
    label=_("Imports"),
    place="members:imports-list",
    permission=Permission.MEMBERS_IMPORT,
    form=form_of,
    rows=rows,
    columns=(
        Column("file", _("File")),
        Column("kind", _("Kind")),
        Column("state", _("State")),
        Column("rows", _("Rows")),
        Column("created", pgettext_lazy("rows", "Created")),
        Column("updated", pgettext_lazy("rows", "Updated")),
        Column("unchanged", pgettext_lazy("rows", "Unchanged")),
        Column("rejected", pgettext_lazy("rows", "Rejected")),
        Column("uploaded", _("Uploaded")),
    ),
    cells=cells,
    sorts={"uploaded": "id", "-uploaded": "-id"},
    unit="imports",
    is_personal=False,
)
