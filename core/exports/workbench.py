"""What waits for those who approve exports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.exports import selectors
from core.kernel.formats import grouped, on_day
from core.workbench.ports import Todo

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.kernel.access import Viewer

MOST_COUNTED = 99


def waiting_exports(*, viewer: Viewer, now: datetime) -> Sequence[Todo]:
    """Find exports that this viewer, and not their requester, can decide about."""
    rows = selectors.requests_for(viewer=viewer, waiting=True, now=now)
    rows = rows.exclude(requested_by_id=viewer.staff_id) if viewer.staff_id else rows
    found = list(rows.select_related("run").order_by("lapses_at", "pk")[:MOST_COUNTED])
    if not found:
        return []
    first = found[0]
    told = {"who": first.requested_by_label, "rows": grouped(first.rows)}
    told["when"] = on_day(first.lapses_at, now)
    detail = _("%(who)s asks for %(rows)s rows; lapses on %(when)s")
    if len(found) == 1:
        title = _("%(title)s awaits your approval") % {"title": first.run.title}
        url = reverse("core:export-approvals-detail", args=[first.pk])
    else:
        words = ngettext(
            "%(n)s export awaits your approval", "%(n)s exports await your approval", len(found)
        )
        title, url = words % {"n": len(found)}, reverse("core:export-approvals-list")
    return [
        Todo(
            title=title,
            detail=detail % told,
            url=url,
            action=_("Look and decide"),
            icon="download",
            tone="warn",
        )
    ]
