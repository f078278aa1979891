"""The people of an event, as its page and its file know them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from core.kernel import formats
from core.kernel.access import Permission
from core.kernel.errors import NotFound
from core.lists.ports import Column, ListSource
from events.calendar.models import Event
from events.registrations import selectors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from core.kernel.access import Viewer
    from events.registrations.models import Registration


def rows(*, viewer: Viewer, query: Any, now: datetime) -> QuerySet[Registration]:
    """Return the registrations for the event that the address names.

    Raises:
        NotFound: there is no such event in sight.
    """
    number = query.get("event", "")
    known = number.isascii() and number.isdecimal() and len(number) < 19
    if not known or not Event.objects.visible_to(viewer).filter(pk=number).exists():
        raise NotFound
    return selectors.narrowed(
        viewer=viewer,
        event_id=int(number),
        state=query.get("state", ""),
        typed=query.get("q", ""),
    )


def cells(registrations: Sequence[Registration], _viewer: Viewer) -> Iterator[list[Any]]:
    """Draw registrations with whom they are of, masked."""
    for row in registrations:
        yield [
            formats.masked_name(row.member.display_name),
            row.member.phone_masked,
            row.get_state_display(),
            row.guests,
            row.get_source_display(),
            row.registered_at,
            row.checked_in_at,
            row.cancelled_at,
        ]


EVENT_PEOPLE = ListSource(
    label=_("People of an event"),
    place="events:events-detail",
    permission=Permission.EVENTS_VIEW,
    rows=rows,
    columns=(
        Column("name", _("Member")),
        Column("phone", _("Phone")),
        Column("state", _("State")),
        Column("guests", _("Guests")),
        Column("source", _("How they registered")),
        Column("registered", _("Registered")),
        Column("checked_in", _("Checked in")),
        Column("cancelled", _("Called off")),
    ),
    cells=cells,
    unit="registrations",
    searches=("q", "state"),
    parents={"event": "event_id"},
)
