"""The list of events, as its page, its file and its saved views know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from core.kernel.access import Permission
from core.lists.ports import Column, ListSource
from events.calendar import selectors
from events.calendar.forms import EventFilterForm

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from core.kernel.access import Viewer
    from events.calendar.models import Event

LONGEST_SEARCH = 120


def form_of(query: Any, _viewer: Viewer) -> EventFilterForm:
    """Return the filters of an address."""
    return EventFilterForm(query)


def rows(*, viewer: Viewer, query: Any, now: datetime) -> QuerySet[Event]:
    """Return the events that an address means."""
    form = form_of(query, viewer)
    return narrowed(viewer=viewer, form=form, typed=query.get("q", ""), now=now)


def narrowed(
    *, viewer: Viewer, form: EventFilterForm, typed: str, now: datetime
) -> QuerySet[Event]:
    """Return the events that fit."""
    found = selectors.listed(viewer=viewer)
    if not form.is_valid():
        return found.none()
    chosen = form.cleaned_data
    for name in ("kind", "state"):
        if chosen[name]:
            found = found.filter(**{name: chosen[name]})
    if chosen["dealer"]:
        found = found.filter(dealer__name__icontains=chosen["dealer"])
    if chosen["city"]:
        found = found.filter(city__name__startswith=chosen["city"])
    if chosen["online"]:
        found = found.filter(is_online=True)
    if chosen["when"]:
        past = {"ends_at__lt": now} if chosen["when"] == "over" else {"ends_at__gte": now}
        found = found.filter(**past)
    typed = typed.strip()[:LONGEST_SEARCH]
    if "\0" in typed:
        return found.none()
    return found.filter(name__icontains=typed) if typed else found


def cells(events: Sequence[Event], _viewer: Viewer) -> Iterator[list[Any]]:
    """Draw events."""
    for event in events:
        yield [
            event.name,
            event.get_kind_display(),
            event.starts_at,
            event.ends_at,
            event.dealer.name if event.dealer else _("Whole brand"),
            event.city.short_name if event.city else "",
            event.venue,
            event.taken,
            event.capacity,
            event.get_state_display(),
            event.external_no,
        ]


EVENTS = ListSource(
    label=gettext_lazy("Events"),
    place="events:events-list",
    permission=Permission.EVENTS_VIEW,
    form=form_of,
    rows=rows,
    columns=(
        Column("name", gettext_lazy("Event")),
        Column("kind", gettext_lazy("Kind")),
        Column("starts", gettext_lazy("Starts")),
        Column("ends", pgettext_lazy("event", "Ends")),
        Column("dealer", gettext_lazy("Held by")),
        Column("city", gettext_lazy("City")),
        Column("venue", gettext_lazy("Venue")),
        Column("taken", gettext_lazy("Places taken")),
        Column("capacity", gettext_lazy("Places")),
        Column("state", gettext_lazy("State")),
        Column("external_no", gettext_lazy("Number in your app")),
    ),
    cells=cells,
    unit="events",
    order="-starts_at",
    sorts={"starts": "starts_at", "-starts": "-starts_at"},
    searches=("q",),
    is_personal=False,
)
