"""Planning an event: create, change, publish, close, cancel. Each locks the event's row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from communities.communities.models import Community
from core.audit import services as audit
from core.kernel.access import Permission
from core.kernel.errors import DomainError, InvalidInput, NotFound, Problem, StaleVersion
from core.organizations.models import City, Dealer
from events.calendar import rules
from events.calendar.models import Event, Kind
from events.calendar.rules import Move

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer

# What a change sets; the same names as in ``Wanted``.
FIELDS = (
    *("kind", "name", "is_online", "starts_at", "ends_at", "venue", "city_id", "dealer_id"),
    *("community_id", "capacity", "guests_each", "external_no"),
)
SENTENCES = {
    Move.PUBLISH: "event.published",
    Move.CLOSE: "event.closed",
    Move.CANCEL: "event.cancelled",
}


class EventClosed(DomainError):
    """The event is done or cancelled, or cannot make this move from where it stands."""

    code = "event_closed"


class NumberTaken(DomainError):
    """Another event of the brand has this number in the brand's app; ``event_id`` says which."""

    code = "external_no_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an event should be. Without a dealer it is the brand's own."""

    kind: str
    name: str
    starts_at: datetime
    ends_at: datetime
    is_online: bool = False
    venue: str = ""
    city_id: str | None = None
    dealer_id: int | None = None
    community_id: int | None = None
    capacity: int | None = None
    guests_each: int = 0
    external_no: str = ""


def wanted_of(event: Event) -> Wanted:
    """Return what an event is, as something to change."""
    return Wanted(**{name: getattr(event, name) for name in FIELDS})


@transaction.atomic
def create_event(*, wanted: Wanted, actor: Viewer, now: datetime) -> Event:
    """Enter an event as a draft, which nobody can register for yet.

    Raises:
        InvalidInput: a value makes no sense, or names what does not exist for the actor.
        NumberTaken: another event has its number.
    """
    actor.require(Permission.EVENTS_EDIT)
    _check(wanted, actor)
    _check_number(wanted.external_no, actor, 0)
    event = Event.objects.create(brand_id=actor.brand_id, created_at=now, **_values(wanted))
    audit.record(
        action="event.created", subject=event, actor=actor, now=now, data={"event_kind": event.kind}
    )
    return event


@transaction.atomic
def change_event(
    *, event_id: int, wanted: Wanted, version: int, actor: Viewer, now: datetime
) -> Event:
    """Change what an event is. Who registered stays, so fewer places than are taken are refused.

    Raises:
        StaleVersion: somebody changed it since ``version`` was read.
        EventClosed: it is done or cancelled.
        InvalidInput: see ``create_event``; or more places are taken than there would be.
        NotFound: it is not the actor's to plan.
    """
    actor.require(Permission.EVENTS_EDIT)
    if wanted.external_no.strip():
        # Ahead of the event's own lock, as a batch takes them.
        give_numbers_in_turn(brand_id=actor.brand_id)
    held = _held(event_id, version, actor)
    if held.state not in rules.OPEN:
        raise EventClosed(_("“%s” is over; it cannot be changed any more.") % held.name)
    _check(wanted, actor, known_dealer=held.dealer_id, known_community=held.community_id)
    _check_number(wanted.external_no, actor, held.pk)
    if wanted.capacity is not None and wanted.capacity < held.taken:
        text = _("%(taken)s places are taken already.") % {"taken": held.taken}
        raise InvalidInput.on("/capacity", text, "below_taken")
    changed = apply(event=held, values=_values(wanted))
    if changed:
        held.version += 1
        held.save(update_fields=[*changed, "version"])
        audit.record(
            action="event.changed", subject=held, actor=actor, now=now, data={"fields": changed}
        )
    return held


def apply(*, event: Event, values: dict[str, Any]) -> list[str]:
    """Set the values and return the names of the fields that this changes; saves nothing."""
    changed = [name for name, value in values.items() if getattr(event, name) != value]
    for name in changed:
        setattr(event, name, values[name])
    return [name.removesuffix("_id") for name in changed]


@transaction.atomic
def move_event(*, event_id: int, move: Move, version: int, actor: Viewer, now: datetime) -> Event:
    """Publish, close or cancel an event.

    Raises:
        StaleVersion: somebody changed it since ``version`` was read.
        EventClosed: it cannot make this move from where it stands, or has not started and is to
            be closed.
        NotFound: it is not the actor's to plan.
    """
    held = _held(event_id, version, actor)
    if not rules.can_move(held.state, move):
        raise EventClosed(
            _("“%(name)s” is %(state)s; this cannot be done any more.")
            % {"name": held.name, "state": held.get_state_display()},
            state=held.state,
        )
    if move == Move.CLOSE and held.starts_at > now:
        raise EventClosed(_("It has not started yet. Cancel it if it will not take place."))
    held.state = rules.TRANSITIONS[move].target
    held.version += 1
    held.save(update_fields=["state", "version"])
    data = {"people": held.taken}
    audit.record(action=SENTENCES[move], subject=held, actor=actor, now=now, data=data)
    return held


def lock_events(*, ids: list[int], actor: Viewer) -> dict[int, Event]:
    """Lock the events that the actor sees, in one order for all; whoever counts holds this lock.

    NO KEY, so that rows which merely name an event are not kept waiting.
    """
    rows = Event.objects.visible_to(actor).filter(pk__in=ids).order_by("pk")
    return {event.pk: event for event in rows.select_for_update(no_key=True, of=("self",))}


def _held(event_id: int, version: int, actor: Viewer) -> Event:
    actor.require(Permission.EVENTS_EDIT)
    rows = Event.objects.editable_by(actor).filter(pk=event_id)
    held = rows.select_for_update(no_key=True, of=("self",)).first()
    if held is None:
        raise NotFound(_("This event does not exist, or is not yours to plan."))
    if held.version != version:
        raise StaleVersion(_("Somebody changed this event meanwhile. Look at it again."))
    return held


def _values(wanted: Wanted) -> dict[str, Any]:
    values = {name: getattr(wanted, name) for name in FIELDS}
    return values | {name: values[name].strip() for name in ("name", "venue", "external_no")}


def _check(
    wanted: Wanted,
    actor: Viewer,
    *,
    known_dealer: int | None = None,
    known_community: int | None = None,
) -> None:
    said = rules.Wording(
        name=wanted.name.strip(),
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        venue=wanted.venue.strip(),
        capacity=wanted.capacity,
        guests_each=wanted.guests_each,
        external_no=wanted.external_no.strip(),
    )
    problems = rules.problems_of(said)
    if wanted.kind not in Kind.values:
        problems.append(Problem("/kind", "unknown_choice", _("Choose one of the kinds.")))
    if wanted.city_id and not City.objects.filter(pk=wanted.city_id).exists():
        problems.append(Problem("/city", "unknown_choice", _("This city does not exist.")))
    problems += _dealer_problems(wanted, actor, known_dealer)
    if wanted.community_id is not None and wanted.community_id != known_community:
        seen = Community.objects.visible_to(actor).exclude(state=Community.State.ARCHIVED)
        if not seen.filter(pk=wanted.community_id).exists():
            text = _("This community does not exist.")
            problems.append(Problem("/community", "unknown_choice", text))
    if problems:
        raise InvalidInput(problems[0].detail, problems=tuple(problems))


def _dealer_problems(wanted: Wanted, actor: Viewer, known: int | None) -> list[Problem]:
    if wanted.dealer_id is None:
        if actor.is_brand_wide:
            return []
        return [Problem("/dealer", "required", _("Choose the dealer who holds it."))]
    if wanted.dealer_id == known:
        return []
    if Dealer.objects.visible_to(actor).filter(pk=wanted.dealer_id).exists():
        return []
    return [Problem("/dealer", "unknown_choice", _("This dealer does not exist."))]


def give_numbers_in_turn(*, brand_id: int) -> None:
    """Let whoever gives events of a brand numbers wait for each other until they commit."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('events numbers', %s))", [brand_id]
        )


def _check_number(number: str, actor: Viewer, own: int) -> None:
    if not number.strip():
        return
    give_numbers_in_turn(brand_id=actor.brand_id)
    rows = Event.objects.filter(brand_id=actor.brand_id, external_no=number.strip())
    other = rows.exclude(pk=own).values_list("pk", flat=True).first()
    if other is not None:
        raise NumberTaken(_("Another event has this number."), event_id=other)
