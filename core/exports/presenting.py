"""What an export says of itself on its task's page."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from core.exports import rules, selectors
from core.exports.models import ExportRequest
from core.kernel.formats import exact, grouped
from core.runs.models import Run
from core.runs.ports import RunNote

if TYPE_CHECKING:
    from core.kernel.access import Viewer


def note_of(*, run: Run, viewer: Viewer, now: datetime) -> RunNote | None:
    """Say that somebody has to approve, who did, or that the file is no longer kept."""
    if (gone := _expired(run, now)) is not None:
        return gone
    row = selectors.request_of(run)
    if row is None:
        return None
    if run.state == Run.State.WAITING:
        return _awaiting(row, viewer, now)
    if row.state != ExportRequest.State.APPROVED or row.decided_at is None:
        return None
    told = {"who": row.decided_by_label, "when": exact(row.decided_at), "reason": row.reason}
    text = _("%(who)s on %(when)s: %(reason)s") % told
    return RunNote(text=text, strong=_("Approved:"), tone="ok")


def _expired(run: Run, now: datetime) -> RunNote | None:
    times = [entry.get("expires_at") for entry in run.result.get("files", [])]
    ended = [datetime.fromisoformat(time) for time in times if time]
    if not ended or max(ended) > now:
        return None
    text = _("It was kept until %(when)s. Export the list again if you still need it.")
    return RunNote(
        text=text % {"when": exact(max(ended))}, strong=_("The file is deleted."), tone="warn"
    )


def _awaiting(row: ExportRequest, viewer: Viewer, now: datetime) -> RunNote:
    told = {"rows": grouped(row.rows), "most": grouped(rules.ALONE), "when": exact(row.lapses_at)}
    text = _(
        "%(rows)s rows about people: beyond %(most)s within a day, somebody else has to agree. "
        "Who may approve sees it on their workbench. Without an answer it lapses on %(when)s."
    )
    decides = selectors.may_decide(row=row, viewer=viewer, now=now)
    return RunNote(
        text=text % told,
        strong=_("Awaiting a second person."),
        tone="warn",
        url=reverse("core:export-approvals-detail", args=[row.pk]) if decides else "",
        link=_("Decide"),
    )
