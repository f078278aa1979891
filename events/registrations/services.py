"""Registering, calling off and checking in. Each holds the event's lock while it counts.

The lock makes the last place go to one person only; the count that the database keeps, and its
check, would refuse a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel.access import Permission
from core.kernel.errors import DomainError, InvalidInput, NotFound
from core.kernel.scoping import tenant
from events.calendar import services as calendar
from events.registrations import rules
from events.registrations.models import Registration
from events.registrations.rules import Asked, Hall, Place, Refusal, State
from events.registrations.selectors import being_deleted
from members.profiles import services as profiles
from members.profiles.models import Member

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.kernel.access import Viewer
    from events.calendar.models import Event

ACTIONS = {
    State.REGISTERED: "event.registered",
    State.CHECKED_IN: "event.checked_in",
    State.CANCELLED: "event.called_off",
}
WRITTEN = ["state", "guests", "registered_at", "checked_in_at", "cancelled_at"]
# In the order of their numbers, so that two calls cannot wait for each other.
HOLD_MEMBERS = """
    SELECT id FROM members_member WHERE brand_id = %s AND id = ANY(%s) ORDER BY id FOR KEY SHARE
"""


class EventFull(DomainError):
    """The event has no place left for so many people."""

    code = Refusal.FULL.value


class NotNow(DomainError):
    """The registration cannot become what was asked for; ``reason`` says why."""

    code = "registration_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Who is to be what at which event. ``guests`` None leaves how many come along."""

    event_id: int
    member_id: int
    state: State
    guests: int | None = None
    at: datetime | None = None
    source: str = Registration.Source.MANUAL


def put(*, wish: Wish, actor: Viewer, now: datetime) -> tuple[Registration, bool]:
    """Register a member, check them in or call off; return the registration and whether it is new.

    What is so already is no change, so that a call may be repeated. Whoever comes without having
    registered takes a place at the door. Opens the tenant itself, so that the lock ends with the
    call.

    Raises:
        EventFull: there is no place left.
        InvalidInput: the member does not exist for the actor, or is being deleted.
        NotFound: the event does not exist for the actor.
        NotNow: the event takes nobody now, too many guests, or they have come already.
    """
    actor.require(Permission.EVENTS_EDIT)
    with tenant(actor.brand_id):
        hold_members(brand_id=actor.brand_id, ids=[wish.member_id])
        event = calendar.lock_events(ids=[wish.event_id], actor=actor).get(wish.event_id)
        if event is None:
            raise NotFound(_("This event does not exist."))
        rows = Registration.objects.filter(brand_id=actor.brand_id, event=event)
        row = rows.filter(member_id=wish.member_id).first()
        _require_member(wish, row, actor)
        return _become(event, row, wish, actor, now)


def change(
    *,
    registration_id: int,
    state: State,
    actor: Viewer,
    now: datetime,
    guests: int | None = None,
    at: datetime | None = None,
) -> Registration:
    """Check in or call off a registration by its number; see ``put``.

    Raises:
        NotFound: the registration does not exist for the actor.
    """
    actor.require(Permission.EVENTS_EDIT)
    with tenant(actor.brand_id):
        row = Registration.objects.visible_to(actor).filter(pk=registration_id).first()
        if row is None:
            raise NotFound(_("This registration does not exist."))
        wish = Wish(
            event_id=row.event_id, member_id=row.member_id, state=state, guests=guests, at=at
        )
        return put(wish=wish, actor=actor, now=now)[0]


def hall_of(event: Event) -> Hall:
    """Return an event as registering sees it. Hold its lock."""
    size = (event.capacity, event.guests_each, event.taken)
    return Hall(event.state, event.starts_at, event.ends_at, *size)


def place_of(row: Registration) -> Place:
    """Return what is kept of a registration."""
    return Place(
        State(row.state), row.guests, row.registered_at, row.checked_in_at, row.cancelled_at
    )


def hold_members(*, brand_id: int, ids: Sequence[int]) -> set[int]:
    """Keep members from being merged or deleted until the commit; return those who are there.

    Ahead of the events' locks, since a merge takes both in this order.
    """
    with connection.cursor() as cursor:
        cursor.execute(HOLD_MEMBERS, [brand_id, sorted(ids)])
        return {pk for (pk,) in cursor.fetchall()}


def _require_member(wish: Wish, row: Registration | None, actor: Viewer) -> None:
    """Whoever is registered in sight may go on; somebody new has to be the actor's to see."""
    if row is not None and Registration.objects.visible_to(actor).filter(pk=row.pk).exists():
        known = True
    else:
        known = Member.objects.visible_to(actor).filter(pk=wish.member_id).exists()
    if not known:
        raise InvalidInput.on("/member", _("This member does not exist."), "unknown_choice")
    takes = wish.state in rules.HOLDS_PLACES
    if takes and being_deleted(brand_id=actor.brand_id, ids=[wish.member_id]):
        raise InvalidInput.on("/member", _("This member is being deleted."), "being_deleted")


def _become(
    event: Event, row: Registration | None, wish: Wish, actor: Viewer, now: datetime
) -> tuple[Registration, bool]:
    held = place_of(row) if row is not None else None
    asked = Asked(wish.state, wish.at or now, now, wish.guests)
    found = rules.judge(hall_of(event), held, asked)
    if isinstance(found, Refusal):
        raise _refused(found, event)
    if row is not None and found == held:
        return row, False
    saved = write(event=event, member_id=wish.member_id, row=row, place=found, wish=wish)
    saved.save(update_fields=WRITTEN if row is not None else None)
    data = {"member": wish.member_id, "people": found.people}
    audit.record(action=ACTIONS[wish.state], subject=event, actor=actor, now=now, data=data)
    if found.checked_in_at is not None:
        met = {wish.member_id: min(found.checked_in_at, now)}
        profiles.mark_active(brand_id=actor.brand_id, met=met, now=now)
    return saved, row is None


def write(
    *, event: Event, member_id: int, row: Registration | None, place: Place, wish: Wish
) -> Registration:
    """Return the row as it is to be; nothing is saved."""
    row = row or Registration(
        brand_id=event.brand_id, event_id=event.pk, member_id=member_id, source=wish.source
    )
    row.state, row.guests = place.state.value, place.guests
    row.registered_at = place.registered_at
    row.checked_in_at, row.cancelled_at = place.checked_in_at, place.cancelled_at
    return row


def words_of(refusal: Refusal) -> str:
    """Say to people why not."""
    return {
        Refusal.CLOSED: _("The event is not open: it is a draft, or was cancelled."),
        Refusal.EARLY: _("It is too early: people are checked in from the day before on."),
        Refusal.OVER: _("The event is over. Whoever was there can be checked in."),
        Refusal.FULL: _("There is no place left."),
        Refusal.GUESTS: _("So many guests may not come along."),
        Refusal.CAME: _("They have come already; that cannot be called off."),
        Refusal.MISSING: _("They are not registered."),
        Refusal.FUTURE: _("This moment has not come yet."),
    }[refusal]


def _refused(refusal: Refusal, event: Event) -> DomainError:
    text = words_of(refusal)
    if refusal == Refusal.FULL:
        return EventFull(text, capacity=event.capacity, taken=event.taken)
    return NotNow(text, reason=refusal.value)
