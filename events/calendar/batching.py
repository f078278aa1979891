"""Events that the brand's app sends, up to a thousand a call, matched by its own number.

Each row is judged alone, by the rules of one event. What a row leaves out stays as it is.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel.access import Permission
from core.kernel.errors import Forbidden
from core.organizations.models import Brand, City, Dealer
from events.calendar import rules
from events.calendar.models import Event
from events.calendar.rules import State
from events.calendar.services import FIELDS, apply, give_numbers_in_turn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from core.kernel.access import Viewer

NEEDED = ("kind", "name", "starts_at", "ends_at")
OUTCOMES = ("created", "updated", "unchanged", "refused")
WRITTEN = [*(name.removesuffix("_id") for name in FIELDS), "state", "version"]
# How a row names what stands elsewhere, and the field that keeps it.
REFERENCES = {"city": "city_id", "dealer": "dealer_id"}


@dataclass(slots=True)
class Result:
    """What became of a row; ``problems`` are field, code and words."""

    outcome: str = "refused"
    event: Event | None = None
    problems: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def id(self) -> int | None:
        """The event that the row stands for."""
        return self.event.pk if self.event is not None else None


@dataclass(slots=True)
class _Call:
    brand_id: int
    now: datetime
    known: dict[str, Mapping[str, Any]]  # field: {code: key}
    events: dict[str, Event]
    saved: dict[str, Event] = field(default_factory=dict)


@transaction.atomic
def put_events(
    *, rows: Sequence[Mapping[str, Any] | None], actor: Viewer, now: datetime
) -> list[Result]:
    """Create and change events as rows say; None stands for a row refused already.

    ``state`` moves an event as publishing, closing and cancelling do; a new one may come in any.

    Raises:
        Forbidden: the actor may not edit events, or sees a part of the brand only.
    """
    actor.require(Permission.EVENTS_EDIT)
    if not actor.is_brand_wide:
        raise Forbidden(_("Batches are for those who see the whole brand."))
    give_numbers_in_turn(brand_id=actor.brand_id)
    said = [row for row in rows if row is not None]
    call = _call(said, actor, now)
    results = [_put(call, row) if row is not None else Result() for row in rows]
    _save(call)
    counts = Counter(result.outcome for result in results)
    if counts["created"] or counts["updated"]:
        brand = Brand.objects.get(pk=actor.brand_id)
        data = {name: counts[name] for name in OUTCOMES}
        audit.record(action="event.batch", subject=brand, actor=actor, now=now, data=data)
    return results


def _call(said: Sequence[Mapping[str, Any]], actor: Viewer, now: datetime) -> _Call:
    cities = {row["city"] for row in said if row.get("city")}
    dealers = {row["dealer"] for row in said if row.get("dealer")}
    of_brand = Dealer.objects.filter(brand_id=actor.brand_id, code__in=dealers)
    known: dict[str, Mapping[str, Any]] = {
        "city": {pk: pk for pk in City.objects.filter(pk__in=cities).values_list("pk", flat=True)},
        "dealer": dict(of_brand.values_list("code", "pk")),
    }
    numbers = {row["external_no"] for row in said}
    rows = Event.objects.filter(brand_id=actor.brand_id, external_no__in=numbers)
    held = rows.order_by("pk").select_for_update(no_key=True, of=("self",))
    return _Call(actor.brand_id, now, known, {event.external_no: event for event in held})


def _put(call: _Call, row: Mapping[str, Any]) -> Result:
    event = call.events.get(row["external_no"])
    result = Result(event=event)
    values = _values(call, row, result)
    if event is None:
        missing = [name for name in NEEDED if name not in row]
        result.problems += [(name, "required", _("A new event needs this.")) for name in missing]
        if missing:
            return result
        event = Event(brand_id=call.brand_id, created_at=call.now)
    result.problems += _problems(event, values, call.now)
    if result.problems:
        return result
    changed, number = apply(event=event, values=values), row["external_no"]
    if changed:
        event.version += int(event.pk is not None and number not in call.saved)
        call.events[number] = call.saved[number] = event
    is_new = result.event is None
    result.outcome = "created" if is_new else "updated" if changed else "unchanged"
    result.event = event
    return result


def _values(call: _Call, row: Mapping[str, Any], result: Result) -> dict[str, Any]:
    """Return what the row sets, by the names of the columns."""
    values = {name: row[name] for name in (*FIELDS, "state") if name in row}
    for name, column in REFERENCES.items():
        if name not in row:
            continue
        values[column] = call.known[name].get(row[name])
        if row[name] and values[column] is None:
            text = _("There is no such city.") if name == "city" else _("There is no such dealer.")
            result.problems.append((name, "unknown_choice", text))
    return values


def _problems(
    event: Event, values: Mapping[str, Any], now: datetime
) -> Iterator[tuple[str, str, str]]:
    """Yield what speaks against the values, of those an event has and those it would get."""
    state = values.get("state", event.state)
    differs = any(getattr(event, name) != value for name, value in values.items())
    if event.pk is not None and differs and event.state not in rules.OPEN:
        text = _("The event is over; it cannot be changed any more.")
        yield "external_no", "event_closed", text
        return
    if event.pk is not None and not rules.leads_to(event.state, state):
        yield "state", "bad_move", _("The event cannot go back to this state.")
    starts_at = values.get("starts_at", event.starts_at)
    if state == State.DONE and event.state != State.DONE and starts_at and starts_at > now:
        yield "state", "not_started", _("It has not started yet, so it cannot be over.")
    said = {name: values.get(name, getattr(event, name)) for name in FIELDS}
    wording = {name: said[name] for name in rules.Wording.__slots__}
    for problem in rules.problems_of(rules.Wording(**wording)):
        yield problem.pointer.removeprefix("/"), problem.code, problem.detail
    if said["capacity"] is not None and said["capacity"] < event.taken:
        text = _("%(taken)s places are taken already.") % {"taken": event.taken}
        yield "capacity", "below_taken", text


def _save(call: _Call) -> None:
    new = [event for event in call.saved.values() if event.pk is None]
    old = [event for event in call.saved.values() if event.pk is not None]
    Event.objects.bulk_create(new)
    if old:
        Event.objects.bulk_update(old, WRITTEN)
