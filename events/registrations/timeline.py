"""Events that a member registered for, came to, called off or did not come to, on the timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import prefetch_related_objects
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.kernel.access import Permission
from events.calendar import rules as calendar
from events.registrations.models import Registration
from members.timeline import rules
from members.timeline.ports import Entry, TimelineSource
from members.timeline.selectors import rows_before

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from core.kernel.access import Viewer
    from members.profiles.models import Member
    from members.timeline.rules import Before

EVENT = "event"
REGISTERED, CAME, CANCELLED, MISSED, ALL = 0, 1, 2, 3, 4
# How a moment is called, and the state without which it is not told.
MOMENTS = {
    REGISTERED: ("registered_at", ""),
    CAME: ("checked_in_at", Registration.State.CHECKED_IN),
    CANCELLED: ("cancelled_at", Registration.State.CANCELLED),
}
WHAT = {
    REGISTERED: "event.registered",
    CAME: "event.attended",
    CANCELLED: "event.called_off",
    MISSED: "event.missed",
}


def events(*, member: Member, viewer: Viewer, before: Before, limit: int) -> list[Entry]:
    """Tell what became of each event a member registered for, of those the viewer may see."""
    rows = Registration.objects.visible_to(viewer).filter(member_id=member.pk)
    found = {
        number: rows_before(
            rows=rows.filter(state=state) if state else rows,
            at=at,
            before=before.stream(number, ALL),
            limit=limit,
        )
        for number, (at, state) in MOMENTS.items()
    }
    found[MISSED] = _missed(rows)
    # Looked up afterwards: joined to all registrations, the planner would read them all.
    prefetch_related_objects([row for some in found.values() for row in some], "event")
    told = [_entry(row, number) for number, some in found.items() for row in some]
    return rules.newest(told, before=before, limit=limit)


def _missed(rows: QuerySet[Registration]) -> list[Registration]:
    """All that are open and over. Somebody has few, since coming and calling off end them."""
    over = rows.filter(
        state=Registration.State.REGISTERED,
        event__ends_at__lt=Now(),
        event__state__in=calendar.TAKES_PEOPLE,
    )
    return list(over.order_by())


def _entry(row: Registration, number: int) -> Entry:
    at: datetime | None = {
        REGISTERED: row.registered_at,
        CAME: row.checked_in_at,
        CANCELLED: row.cancelled_at,
        MISSED: row.event.ends_at,
    }[number]
    if at is None:
        raise AssertionError("the state says that there is a moment")
    return Entry(
        at,
        EVENT,
        rules.key_of(row.pk, number, ALL),
        WHAT[number],
        _text(number) % {"event": row.event.name},
        _detail(row, number),
        url=reverse("events:events-detail", args=[row.event_id]),
        data={"event": row.event_id, "registration": row.pk, "guests": row.guests},
    )


def _text(number: int) -> str:
    return {
        REGISTERED: _("Registered for “%(event)s”"),
        CAME: _("Came to “%(event)s”"),
        CANCELLED: _("Called off “%(event)s”"),
        MISSED: _("Did not come to “%(event)s”"),
    }[number]


def _detail(row: Registration, number: int) -> str:
    parts = [row.event.get_kind_display()]
    if number == REGISTERED:
        parts.append(row.get_source_display())
        if row.event.state == calendar.State.CANCELLED:
            parts.append(_("the event was cancelled"))
    if row.guests and number in {REGISTERED, CAME}:
        parts.append(_("with %(n)s guests") % {"n": row.guests})
    return " · ".join(parts)


SOURCES = {
    EVENT: TimelineSource(
        gettext_lazy("Events"), "calendar", events, Permission.EVENTS_VIEW, order=55
    )
}
