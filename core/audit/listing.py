"""The audit trail, as its page, its file and its saved views know it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.audit import selectors
from core.audit.forms import AuditFilterForm
from core.audit.models import AuditEntry
from core.kernel.access import Permission
from core.lists.ports import Column, ListSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.models import QuerySet

    from core.kernel.access import Viewer


def form_of(query: Any, viewer: Viewer) -> AuditFilterForm:
    """Return the filters of an address."""
    return AuditFilterForm(query, viewer=viewer)


def rows(*, viewer: Viewer, query: Any, now: dt.datetime) -> QuerySet[AuditEntry]:
    """Return the entries that an address means."""
    return narrowed(viewer=viewer, form=form_of(query, viewer))


def narrowed(*, viewer: Viewer, form: AuditFilterForm) -> QuerySet[AuditEntry]:
    """Return the entries that fit the filters; none, where one cannot be read."""
    found = AuditEntry.objects.visible_to(viewer)
    if not form.is_valid():
        return found.none()
    chosen = form.cleaned_data
    if chosen["actor"] is not None:
        found = found.filter(actor_id=chosen["actor"].pk)
    if chosen["action"]:
        found = found.filter(action=chosen["action"])
    if chosen["subject"]:
        found = found.filter(subject_type=chosen["subject"])
    if chosen["number"]:
        found = found.filter(subject_id=chosen["number"])
    if chosen["since"]:
        found = found.filter(created_at__gte=_midnight(chosen["since"]))
    if chosen["until"]:
        found = found.filter(created_at__lt=_midnight(chosen["until"] + dt.timedelta(days=1)))
    return found


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


def cells(entries: Sequence[AuditEntry], viewer: Viewer) -> Iterator[list[Any]]:
    """Draw entries as sentences."""
    for line in selectors.lines_of(entries=entries, viewer=viewer):
        yield [
            line.entry.pk,
            line.at,
            line.actor,
            line.text,
            line.subject_label,
            line.subject_name,
        ]


AUDIT = ListSource(
    label=_("Audit"),
    place="core:audit-list",
    permission=Permission.AUDIT_VIEW,
    form=form_of,
    rows=rows,
    columns=(
        Column("id", _("Number")),
        Column("at", _("When")),
        Column("actor", _("Person")),
        Column("what", _("What happened")),
        Column("kind", _("Kind")),
        Column("subject", _("Subject")),
    ),
    cells=cells,
    sorts={"at": "id", "-at": "-id"},
)
