"""What events put into the registries of core and members."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.audit.ports import (
    SubjectKind,
    register_actions,
    register_field_names,
    register_items,
    register_subjects,
    register_values,
)
from core.data_inventory.ports import register_holdings
from core.kernel.access import Permission
from core.kernel.badges import Badge, register_states
from core.kernel.invariants import register_invariants
from core.kernel.navigation import NavItem
from core.kernel.navigation import register as register_places
from core.lists.ports import register_list
from core.search.ports import SearchSource, register_search
from events.calendar import personal as events_kept
from events.calendar.listing import EVENTS
from events.calendar.models import Event, Kind
from events.calendar.search import find_events
from events.calendar.selectors import describe_events
from events.data_classes import HOLDINGS
from events.points import personal as points_kept
from events.points.criteria import POINTS_CRITERIA
from events.points.holdings import BALANCES, ENTRIES
from events.points.invariants import INVARIANTS as POINTS
from events.points.listing import ENTRY_LIST, MEMBER_ENTRIES
from events.points.sections import PANEL as POINTS_PANEL
from events.points.timeline import SOURCES as POINTS_TOLD
from events.registrations import personal as registrations_kept
from events.registrations.criteria import EVENT_CRITERIA
from events.registrations.holdings import REGISTRATIONS
from events.registrations.invariants import INVARIANTS
from events.registrations.listing import EVENT_PEOPLE
from events.registrations.sections import PANEL
from events.registrations.timeline import SOURCES
from members.erasure import ports as erasure
from members.merging.ports import register_moved_rows
from members.profiles.ports import register_panel
from members.segments.ports import register_criteria
from members.timeline.ports import register_timeline_source

SENTENCES = {
    "event.created": _("entered the event"),
    "event.changed": _("changed the event"),
    "event.published": _("published the event"),
    "event.closed": _("closed the event; %(people)s places were taken"),
    "event.cancelled": _("cancelled the event; %(people)s places were taken"),
    "event.registered": _("registered a member for the event"),
    "event.checked_in": _("checked a member in to the event"),
    "event.called_off": _("called off a member's registration for the event"),
    "event.batch": _("brought in events: %(created)s new, %(updated)s changed, of"),
    "registration.batch": _("brought in registrations: %(created)s new, %(updated)s changed, of"),
}
POINTS_SENTENCES = {
    "points.posted": _("posted points (%(amount)s) of"),
    "points.adjusted": _("adjusted the points (%(amount)s) of"),
    "points.reversed": _("reversed points (%(amount)s) of"),
    "points.confirmed": _("confirmed points (%(amount)s) of"),
    "points.cancelled": _("cancelled points (%(amount)s) of"),
    "points.batch": _("brought in %(created)s movements of points into"),
}
STATES = {
    "published": Badge(pgettext_lazy("event", "Published"), "ok", live=True),
    "registered": Badge(pgettext_lazy("registration", "Registered"), "primary", "clock"),
    "checked_in": Badge(pgettext_lazy("registration", "Checked in"), "ok", "check"),
    "called_off": Badge(pgettext_lazy("registration", "Called off"), icon="x"),
    "missed": Badge(pgettext_lazy("registration", "Did not come"), "warn", "minus"),
}


def register() -> None:
    """Fill the registries; called from ``EventsConfig.ready``."""
    register_holdings(*HOLDINGS)
    register_states(STATES)
    _register_pages()
    _register_audit()
    register_invariants(*INVARIANTS)
    register_criteria(*EVENT_CRITERIA)
    register_moved_rows(REGISTRATIONS)
    register_panel("events", PANEL)
    for kind, told in SOURCES.items():
        register_timeline_source(kind, told)
    erasure.register_holdings(*registrations_kept.HOLDINGS)
    erasure.register_searches(*events_kept.SEARCHES)
    _register_points()


def _register_pages() -> None:
    may_view = Permission.EVENTS_VIEW
    register_places(NavItem(_("Events"), "events:events-list", "calendar", may_view, order=60))
    register_search("events", SearchSource(_("Events"), find_events, may_view, order=45))
    register_list("events", EVENTS)
    register_list("event-people", EVENT_PEOPLE)


def _register_audit() -> None:
    register_subjects({"events.event": SubjectKind(_("Event"), describe_events)})
    register_actions(SENTENCES)
    register_items({"event_kind": _("Kind of event")})
    register_values("event_kind", dict(Kind.choices))
    register_field_names(Event)


def _register_points() -> None:
    label, may_view = pgettext_lazy("ledger", "Points"), Permission.POINTS_VIEW
    register_places(NavItem(label, "events:points-list", "gift", may_view, order=61))
    register_criteria(*POINTS_CRITERIA)
    register_invariants(*POINTS)
    register_moved_rows(ENTRIES, BALANCES)
    register_panel("points", POINTS_PANEL)
    register_list("points-entries", ENTRY_LIST)
    register_list("points-of-member", MEMBER_ENTRIES)
    erasure.register_holdings(*points_kept.HOLDINGS)
    erasure.register_searches(*points_kept.SEARCHES)
    for kind, told in POINTS_TOLD.items():
        register_timeline_source(kind, told)
    register_actions(POINTS_SENTENCES)
