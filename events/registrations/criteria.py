"""What segments can ask about events: who came how often and how lately, and who did not come.

Somebody came who was checked in. Who registered, did not call off and was not checked in at an
event that was not cancelled did not come, which is judged when the day on which it ended is over:
so what changes without a row, changes with the day, and live segments look at everybody then.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from events.calendar.models import Event, Kind
from members.segments.ports import (
    Comparison,
    Criterion,
    Frame,
    Ids,
    Input,
    InputKind,
    Option,
    Sql,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

GROUP_EVENTS = _("Events")
# The builder offers the newest; older ones that a tree names go on working.
MOST_OFFERED = 5000
MAX_DAYS, MAX_TIMES = 36_500, 10_000
ROWS = "SELECT went.member_id FROM events_registration went"
EVENTS = " JOIN events_event event ON event.brand_id = went.brand_id AND event.id = went.event_id"
# Texts and not enumerations, so that the partial indexes are recognized.
CAME, REGISTERED = " AND went.state = 'checked_in'", " AND went.state = 'registered'"
HELD = " AND event.state IN ('published', 'done')"
NOBODY = Sql("SELECT 0::bigint AS member_id WHERE false")


def kinds(_brand_id: int) -> Sequence[Option]:
    """Return the kinds of events."""
    return [Option(value, label) for value, label in Kind.choices]


def events(brand_id: int) -> Sequence[Option]:
    """Return the brand's events that were announced, the newest first, under their kind."""
    rows = Event.objects.filter(brand_id=brand_id).exclude(state=Event.State.DRAFT)
    found = rows.order_by("-starts_at", "-pk").values_list("pk", "name", "kind")[:MOST_OFFERED]
    return [Option(pk, name, str(Kind(kind).label)) for pk, name, kind in found]


def existing_events(brand_id: int, chosen: Collection[int | str]) -> set[int | str]:
    """Return those of the chosen events that the brand has."""
    numbers = [value for value in chosen if isinstance(value, int)]
    rows = Event.objects.filter(brand_id=brand_id, pk__in=numbers)
    return set(rows.values_list("pk", flat=True))


def whats(_brand_id: int) -> Sequence[Option]:
    """Return what may have happened at an event."""
    return [Option("registered", _("registered")), Option("checked_in", _("came"))]


def _rows(frame: Frame, joined: str = "") -> Sql:
    return frame.rows_of(ROWS + joined, "went.brand_id", "went.member_id")


def _of_kinds(value: Mapping[str, Any]) -> tuple[str, Sql]:
    """Return the join and the condition that narrow to chosen kinds."""
    if "kind" not in value:
        return "", Sql()
    return EVENTS, Sql(" AND event.kind = ANY(%s)", (value["kind"],))


def _at_least(rows: Sql, cmp: str, number: int) -> Ids:
    """At most n is everybody but those with n + 1: who came to nothing is in no group."""
    least = number + 1 if cmp == "lte" else number
    if least <= 0:
        return Ids(NOBODY, inverted=True)
    if least > 1:
        rows += Sql(" GROUP BY went.member_id HAVING count(*) >= %s", (least,))
    return Ids(rows, inverted=cmp == "lte", heavy=True)


def _attended(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Ids:
    joined, narrowed = _of_kinds(value)
    rows = _rows(frame, joined) + CAME + narrowed
    if "days" in value:
        since = frame.start_of(frame.today - timedelta(days=value["days"]))
        rows += Sql(" AND went.checked_in_at >= %s", (since,))
    rows += Sql(" AND went.checked_in_at < %s", (frame.end_of(frame.today),))
    return _at_least(rows, cmp, value["number"])


def _missed(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Ids:
    """The events of days that are over come first and apart: they are few, and lead to people."""
    over = Sql(
        "SELECT event.id FROM events_event event WHERE event.brand_id = %s AND event.ends_at < %s",
        (frame.brand_id, frame.start_of(frame.today)),
    )
    if "days" in value:
        since = frame.start_of(frame.today - timedelta(days=value["days"]))
        over += Sql(" AND event.ends_at >= %s", (since,))
    if "kind" in value:
        over += Sql(" AND event.kind = ANY(%s)", (value["kind"],))
    over = (over + HELD).within(" AND went.event_id = ANY(ARRAY(", "))")
    return _at_least(_rows(frame) + REGISTERED + over, cmp, value["number"])


def _chosen(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Ids:
    rows = _rows(frame) + Sql(" AND went.event_id = ANY(%s)", (value["in"],))
    what = value.get("what", ["registered", "checked_in"])
    # Whoever came had registered, at the door at the latest.
    rows += CAME if what == ["checked_in"] else " AND went.state IN ('registered', 'checked_in')"
    return Ids(rows, inverted=cmp == "not_in")


def _last(frame: Frame, cmp: str, value: Mapping[str, Any]) -> Ids:
    joined, narrowed = _of_kinds(value)
    rows = _rows(frame, joined) + CAME + narrowed
    limit = frame.start_of(frame.today - timedelta(days=value["days"]))
    if cmp == "within":
        end = frame.end_of(frame.today)
        last = Sql(" AND went.checked_in_at >= %s AND went.checked_in_at < %s", (limit, end))
        return Ids(rows + last, heavy=True)
    longer = Sql(" GROUP BY went.member_id HAVING max(went.checked_in_at) < %s", (limit,))
    return Ids(rows + longer, heavy=True)


def _ever(frame: Frame, cmp: str, _value: Mapping[str, Any]) -> Ids:
    return Ids(_rows(frame) + CAME, inverted=cmp == "unknown")


_KIND = Input(
    "kind",
    InputKind.CHOICES,
    _("at events of the kind"),
    required=False,
    options=kinds,
    advanced=True,
)
_DAYS = Input(
    "days", InputKind.DAYS, _("in the last"), required=False, high=MAX_DAYS, unit=_("days")
)
_LONG = Input("days", InputKind.NUMBER, _("days"), high=MAX_DAYS, unit=_("days"), default=90)
_EVENT = (
    Input("in", InputKind.CHOICES, _("Event"), options=events, existing=existing_events),
    Input("what", InputKind.CHOICES, _("where they"), required=False, options=whats, advanced=True),
)


def _times(unit: Any) -> tuple[Comparison, ...]:
    number = Input("number", InputKind.NUMBER, unit, high=MAX_TIMES, unit=unit, default=1)
    inputs = (number, _DAYS, _KIND)
    return (
        Comparison("gte", _("at least"), inputs),
        Comparison("lte", _("at most"), inputs),
    )


EVENT_CRITERIA = (
    Criterion(
        "events.attended",
        _("Events attended"),
        GROUP_EVENTS,
        _times(_("events")),
        _attended,
        order=80,
    ),
    Criterion(
        "events.missed",
        _("Registered but did not come"),
        GROUP_EVENTS,
        _times(_("events")),
        _missed,
        order=81,
    ),
    Criterion(
        "events.event",
        _("Event"),
        GROUP_EVENTS,
        (
            Comparison("in", _("registered for or came to"), _EVENT),
            Comparison("not_in", _("not at"), _EVENT),
        ),
        _chosen,
        order=82,
    ),
    Criterion(
        "events.last",
        _("Last event attended"),
        GROUP_EVENTS,
        (
            Comparison("within", _("within the last"), (_LONG, _KIND)),
            Comparison("before", _("longer ago than"), (_LONG, _KIND)),
        ),
        _last,
        order=83,
    ),
    Criterion(
        "events.ever",
        _("Has ever come to an event"),
        GROUP_EVENTS,
        (Comparison("known", _("yes")), Comparison("unknown", _("no"))),
        _ever,
        order=84,
    ),
)
