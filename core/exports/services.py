"""Asking for a file, and deciding about somebody else's.

The handler writes it; see ``core.exports.handlers``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.exports import selectors
from core.exports.models import ExportRequest
from core.exports.rules import HOLDS_FOR, FileFormat
from core.exports.writing import MOST_XLSX_ROWS
from core.kernel.access import Permission, system_viewer
from core.kernel.errors import DomainError, Forbidden, InvalidInput, NotFound
from core.kernel.formats import grouped
from core.kernel.scoping import tenant
from core.lists import selectors as lists
from core.runs import services as runs
from core.runs.models import Run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.http import QueryDict  # noqa: TID251  only the type

    from core.kernel.access import Viewer
    from core.lists.ports import ListSource

# A file of people is not an archive: fetch it, or have it written again.
LAPSED_AT_ONCE = 200
State = ExportRequest.State


class NotWaiting(DomainError):
    """The request has been decided, withdrawn or has lapsed, so nothing can be decided any more."""

    code = "not_waiting"


class OwnExport(Forbidden):
    """Nobody approves what they asked for themselves."""

    code = "own_export"


class NotAPerson(Forbidden):
    """Two people look at a large file of people; a program is none."""

    code = "not_a_person"


@transaction.atomic
def start_export(
    *,
    list_key: str,
    query: QueryDict,
    columns: Sequence[str],
    file_format: FileFormat,
    actor: Viewer,
    now: datetime,
) -> Run:
    """Have a list written to a file in the background, narrowed as an address narrows it.

    No ``columns`` means all. The file holds what the actor may see when it is written. A large one
    about people waits, once its rows are counted, until another person approves.

    Raises:
        NotFound: no such list, or what it belongs to is not there.
        Forbidden: no role of the actor allows to see it.
        InvalidInput: an unknown filter or column; more rows than a workbook takes.
    """
    source = lists.known_list(key=list_key, viewer=actor)
    kept = lists.checked(source=source, query=query, viewer=actor)
    known = {column.key for column in source.columns_for(actor)}
    if unknown := [key for key in columns if key not in known]:
        text = _("This list has no column %(key)s.") % {"key": unknown[0][:40]}
        raise InvalidInput.on("/columns", text, "unknown_column")
    rows = source.rows(viewer=actor, query=kept, now=now)
    if file_format == FileFormat.XLSX and rows.order_by()[: MOST_XLSX_ROWS + 1].count() > (
        MOST_XLSX_ROWS
    ):
        raise InvalidInput.on("/format", too_many_for_xlsx(), "too_many_rows")
    return runs.start_run(
        kind=selectors.KIND,
        title=_("Export: %(list)s") % {"list": source.label},
        params={
            "list": list_key,
            "query": lists.sealed(kept),
            "columns": list(columns),
            "format": file_format.value,
            "words": selectors.words_for(source=source, query=kept, viewer=actor),
            "as_of": now.isoformat(),
            "api_key_id": actor.api_key_id,
            "language": get_language(),
        },
        actor=actor,
        now=now,
        unit=source.unit,
        subject_url=_place_of(source, kept),
    )


def _place_of(source: ListSource, query: QueryDict) -> str:
    """Return the page that the list stands on."""
    named = {argument: query[name] for name, argument in source.parents.items()}
    return reverse(source.place, kwargs=named)


def too_many_for_xlsx() -> str:
    """Return why a list does not fit into a workbook."""
    text = _("An Excel file takes at most %(most)s rows. Choose CSV, or narrow the list.")
    return text % {"most": grouped(MOST_XLSX_ROWS)}


@transaction.atomic
def approve(*, request_id: int, reason: str, actor: Viewer, now: datetime) -> ExportRequest:
    """Let somebody else's export go on, as it was asked for, up to its ceiling.

    Raises:
        NotFound: no such request in the actor's sight.
        Forbidden: the actor may not approve, is a program (``NotAPerson``) or asked for the file
            (``OwnExport``).
        InvalidInput: no reason is given.
        NotWaiting: it was decided or withdrawn before, or has lapsed.
    """
    row = _decided(request_id, State.APPROVED, reason, actor, now)
    row.lapses_at = now + HOLDS_FOR
    row.save()
    runs.let_go(run_id=row.run_id, now=now)
    return row


@transaction.atomic
def refuse(*, request_id: int, reason: str, actor: Viewer, now: datetime) -> ExportRequest:
    """End somebody else's export, telling them why. Raises as ``approve`` does."""
    row = _decided(request_id, State.REFUSED, reason, actor, now)
    row.save()
    told = {"who": actor.label, "reason": row.reason}
    runs.turn_down(
        run_id=row.run_id, error=_("%(who)s refused the export: %(reason)s") % told, now=now
    )
    return row


def _decided(
    request_id: int, state: ExportRequest.State, reason: str, actor: Viewer, now: datetime
) -> ExportRequest:
    actor.require(Permission.EXPORTS_APPROVE)
    row = ExportRequest.objects.needing_two().visible_to(actor).filter(pk=request_id).first()
    if row is None:
        raise NotFound
    if actor.staff_id is None:
        raise NotAPerson(_("A person decides about exports; a program cannot."))
    if row.requested_by_id == actor.staff_id:
        raise OwnExport(_("You asked for this export yourself: somebody else has to decide."))
    if not reason.strip():
        raise InvalidInput.on("/reason", _("Say why, for who looks back later."), "required")
    row = _still_waiting(row, now)
    row.state, row.reason = state, reason.strip()
    row.decided_by_id, row.decided_by_label, row.decided_at = actor.staff_id, actor.label, now
    audit.record(
        action=f"export.{state}",
        subject=row.run,
        actor=actor,
        now=now,
        data={"request": row.pk, "list": row.list_key, "count": row.rows},
    )
    return row


def _still_waiting(row: ExportRequest, now: datetime) -> ExportRequest:
    """Lock the request behind its run, in the order in which cancelling a task does."""
    if row.state == State.WAITING:  # A run at work on a decided one is not held up.
        Run.objects.select_for_update().get(pk=row.run_id)
        row = ExportRequest.objects.select_for_update().get(pk=row.pk)
    if row.state == State.WAITING and row.lapses_at > now:
        return row
    if row.state in {State.WAITING, State.LAPSED}:
        raise NotWaiting(_("This request has lapsed."))
    if row.state == State.WITHDRAWN:
        raise NotWaiting(_("This request was withdrawn: the task has ended."))
    if row.state == State.OUTGROWN:
        raise NotWaiting(_("The list has outgrown this request; a new one was made."))
    told = {"who": row.decided_by_label, "state": row.get_state_display()}
    raise NotWaiting(_("%(who)s has decided already: %(state)s.") % told)


def lapse_due(*, brand_id: int, now: datetime) -> int:
    """End the exports that nobody decided about in time. Opens its own transactions."""
    lapsed = 0
    while True:
        with tenant(brand_id):
            due = ExportRequest.objects.filter(
                brand_id=brand_id, state=State.WAITING, lapses_at__lte=now
            ).order_by("pk")
            batch = list(due.values_list("pk", "run_id")[:LAPSED_AT_ONCE])
            for request_id, run_id in batch:
                _lapse(request_id, run_id, now)
        lapsed += len(batch)
        if len(batch) < LAPSED_AT_ONCE:
            return lapsed


def _lapse(request_id: int, run_id: int, now: datetime) -> None:
    run = Run.objects.select_for_update().get(pk=run_id)
    changed = ExportRequest.objects.filter(pk=request_id, state=State.WAITING)
    if not changed.update(state=State.LAPSED) or run.state != Run.State.WAITING:
        return
    text = _("Nobody approved the export within %(days)s days. Ask for it again.")
    error = text % {"days": HOLDS_FOR.days}
    runs.turn_down(run_id=run_id, error=error, now=now, told_as="lapsed")
    audit.record(
        action="export.lapsed",
        subject=run,
        actor=system_viewer(run.brand_id),
        now=now,
        data={"request": request_id},
    )
