"""What broadcasts put on the workbench: what was sent, what waits, and what needs a look."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from communities.broadcasts.models import Broadcast
from communities.broadcasts.wording import exact_time
from core.kernel.access import Permission
from core.kernel.formats import grouped
from core.workbench.ports import Figure, Todo, Urgency

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.kernel.access import Viewer

MOST_SHOWN = 5
# A failure is news for two days, a draft for two weeks; after that they are history.
FAILURE_NEWS, DRAFT_NEWS = timedelta(days=2), timedelta(days=14)
LATELY = timedelta(days=30)


def broadcast_figures(*, viewer: Viewer, now: datetime) -> Sequence[Figure]:
    """Return how many broadcasts were sent within 30 days."""
    rows = Broadcast.objects.visible_to(viewer).filter(
        state=Broadcast.State.SENT, finished_at__gt=now - LATELY, finished_at__lte=now
    )
    here = reverse("communities:broadcasts-list") + "?state=sent"
    return [Figure(_("Broadcasts sent"), rows.count(), hint=_("in the last 30 days"), url=here)]


def waiting_broadcasts(*, viewer: Viewer, now: datetime) -> Sequence[Todo]:
    """Find drafts to confirm, paused broadcasts, and rooms that did not get a message."""
    rows = Broadcast.objects.visible_to(viewer)
    failed = rows.filter(
        state=Broadcast.State.SENT, failed_count__gt=0, finished_at__gt=now - FAILURE_NEWS
    )
    todos = [_failed(row) for row in failed.order_by("-pk")[:MOST_SHOWN]]
    if not viewer.may(Permission.BROADCASTS_SEND):
        return todos
    paused = rows.filter(state=Broadcast.State.PAUSED).order_by("-pk")[:MOST_SHOWN]
    drafts = rows.filter(state=Broadcast.State.DRAFT, created_at__gt=now - DRAFT_NEWS)
    todos += [_paused(row) for row in paused]
    todos += [_draft(row, now) for row in drafts.order_by("-pk")[:MOST_SHOWN]]
    return todos


def _failed(row: Broadcast) -> Todo:
    title = ngettext(
        "%(name)s did not reach %(n)s room",
        "%(name)s did not reach %(n)s rooms",
        row.failed_count,
    )
    return Todo(
        title=title % {"name": row.name, "n": grouped(row.failed_count)},
        detail=_("The other rooms have it. Nothing is sent again by itself."),
        url=f"{_url(row)}deliveries/?state=failed",
        action=_("See which rooms"),
        tone="bad",
    )


def _paused(row: Broadcast) -> Todo:
    return Todo(
        title=_("%(name)s is paused") % {"name": row.name},
        detail=_("The rest of its rooms wait until somebody lets it go on."),
        url=_url(row),
        action=_("See broadcast"),
        icon="pause",
        tone="warn",
    )


def _draft(row: Broadcast, now: datetime) -> Todo:
    soon = row.scheduled_at is not None and row.scheduled_at < now + timedelta(hours=24)
    detail = _("By %(who)s") % {"who": row.created_by_label}
    if row.scheduled_at:
        detail += " · " + _("meant for %(time)s") % {"time": exact_time(row.scheduled_at)}
    return Todo(
        title=_("%(name)s waits to be confirmed") % {"name": row.name},
        detail=detail,
        url=_url(row),
        action=_("Check and confirm"),
        urgency=Urgency.NOW if soon else Urgency.TODAY,
        icon="send",
    )


def _url(row: Broadcast) -> str:
    return reverse("communities:broadcasts-detail", args=[row.pk])
