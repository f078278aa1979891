"""Who can register, call off and check in, and what that asks of an event's places.

Plain values: one registration and a batch of a thousand are judged by the same lines.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from events.calendar import rules as calendar

if TYPE_CHECKING:
    from datetime import datetime

# Clocks of other systems may be a little ahead of ours.
AHEAD = timedelta(minutes=5)


class State(StrEnum):
    """Where a registration stands."""

    REGISTERED = "registered"
    CHECKED_IN = "checked_in"
    CANCELLED = "cancelled"


HOLDS_PLACES = frozenset({State.REGISTERED, State.CHECKED_IN})


class Refusal(StrEnum):
    """Why somebody cannot register, call off or check in."""

    CLOSED = "event_closed"
    EARLY = "event_not_near"
    OVER = "event_over"
    FULL = "event_full"
    GUESTS = "too_many_guests"
    CAME = "already_checked_in"
    MISSING = "not_registered"
    FUTURE = "in_the_future"


@dataclass(slots=True)
class Hall:
    """An event as registering sees it; ``taken`` follows what was let in."""

    state: str
    starts_at: datetime
    ends_at: datetime
    capacity: int | None
    guests_each: int
    taken: int

    def has(self, people: int) -> bool:
        """Whether so many more would find a place."""
        return self.capacity is None or self.taken + people <= self.capacity


@dataclass(frozen=True, slots=True)
class Place:
    """What is kept of one registration."""

    state: State
    guests: int
    registered_at: datetime
    checked_in_at: datetime | None = None
    cancelled_at: datetime | None = None

    @property
    def people(self) -> int:
        """How many places it holds."""
        return 1 + self.guests if self.state in HOLDS_PLACES else 0


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be: registered, called off or checked in; ``guests`` None leaves them."""

    state: State
    at: datetime
    now: datetime
    guests: int | None = None


def judge(hall: Hall, held: Place | None, asked: Asked) -> Place | Refusal:
    """Return what the registration becomes, or why it cannot; ``held`` itself means no change.

    Nothing is counted here: whoever goes by the answer lets it ``enter``. What was asked before is
    no change, so that a call may be repeated.
    """
    if asked.at > asked.now + AHEAD:
        return Refusal.FUTURE
    kept = held.guests if held is not None and held.people else 0
    guests = kept if asked.guests is None else asked.guests
    wanted = _wanted(held, asked, guests)
    if isinstance(wanted, Refusal) or wanted == held or wanted.state not in HOLDS_PLACES:
        return wanted
    if guests > max(hall.guests_each, kept):
        return Refusal.GUESTS
    return _let_in(hall, asked, wanted, wanted.people - (held.people if held else 0))


def _let_in(hall: Hall, asked: Asked, wanted: Place, more: int) -> Place | Refusal:
    if hall.state not in calendar.TAKES_PEOPLE:
        return Refusal.CLOSED
    if asked.state == State.REGISTERED and _is_over(hall, asked):
        return Refusal.OVER
    if asked.state == State.CHECKED_IN and asked.at < calendar.opens_at(hall.starts_at):
        return Refusal.EARLY
    if more > 0 and not hall.has(more):
        return Refusal.FULL
    return wanted


def _is_over(hall: Hall, asked: Asked) -> bool:
    """Whether it is too late to register. What was so before a closed event ended may be told."""
    is_told = asked.at < asked.now
    return asked.at > hall.ends_at or (hall.state == calendar.State.DONE and not is_told)


def enter(hall: Hall, held: Place | None, place: Place) -> None:
    """Count what was let in."""
    hall.taken += place.people - (held.people if held else 0)


def _wanted(held: Place | None, asked: Asked, guests: int) -> Place | Refusal:
    if asked.state == State.CANCELLED:
        return _called_off(held, asked)
    if held is not None and _came_late(held, asked):
        return held
    if held is None or held.state == State.CANCELLED:
        came = asked.at if asked.state == State.CHECKED_IN else None
        return Place(asked.state, guests, asked.at, came)
    if asked.state == State.REGISTERED or held.state == State.CHECKED_IN:
        # Registered or here already: at most somebody more comes along.
        is_older = asked.at < (held.checked_in_at or held.registered_at)
        return held if is_older else replace(held, guests=guests)
    return replace(held, state=State.CHECKED_IN, guests=guests, checked_in_at=asked.at)


def _came_late(held: Place, asked: Asked) -> bool:
    """Whether a registration is told of that was called off since: a file sent once more, say."""
    return (
        held.state == State.CANCELLED
        and asked.state == State.REGISTERED
        and held.cancelled_at is not None
        and asked.at < held.cancelled_at
    )


def _called_off(held: Place | None, asked: Asked) -> Place | Refusal:
    if held is None:
        return Refusal.MISSING
    if held.state == State.CHECKED_IN:
        return Refusal.CAME
    if held.state == State.CANCELLED:
        return held
    return replace(held, state=State.CANCELLED, cancelled_at=asked.at)
