"""How far an event's plan can move, and what makes sense of its times and numbers. Plain values.

Review and running are states that may come between; each is a row of the table below.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from core.kernel.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

MAX_NAME, MAX_VENUE, MAX_NUMBER = 120, 120, 64
MAX_CAPACITY, MAX_GUESTS = 1_000_000, 20
LONGEST = timedelta(days=60)
BEFORE = timedelta(days=1)


class State(StrEnum):
    """Where an event stands."""

    DRAFT = "draft"
    PUBLISHED = "published"
    DONE = "done"
    CANCELLED = "cancelled"


class Move(StrEnum):
    """What somebody does with an event's plan."""

    PUBLISH = "publish"
    CLOSE = "close"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Transition:
    """One move: from which states, and to which."""

    sources: frozenset[State]
    target: State


TRANSITIONS: Mapping[Move, Transition] = {
    Move.PUBLISH: Transition(frozenset({State.DRAFT}), State.PUBLISHED),
    Move.CLOSE: Transition(frozenset({State.PUBLISHED}), State.DONE),
    Move.CANCEL: Transition(frozenset({State.DRAFT, State.PUBLISHED}), State.CANCELLED),
}
# Who came can be written down as long as the event is, or was, to take place.
TAKES_PEOPLE = frozenset({State.PUBLISHED, State.DONE})
OPEN = frozenset({State.DRAFT, State.PUBLISHED})


def opens_at(starts_at: datetime) -> datetime:
    """Return from when on people can be checked in: for some it begins the evening before."""
    return starts_at - BEFORE


def can_move(state: str, move: Move) -> bool:
    """Whether the move is one that an event in this state can make."""
    return state in TRANSITIONS[move].sources


def moves_of(state: str) -> list[Move]:
    """Return the moves that an event in this state can make."""
    return [move for move in Move if can_move(state, move)]


def leads_to(state: str, target: str) -> bool:
    """Whether an event that is told to be in ``target`` may have come there from ``state``."""
    reached, seen = {state}, set[str]()
    while reached - seen:
        seen |= reached
        for transition in TRANSITIONS.values():
            if transition.sources & reached:
                reached = reached | {transition.target}
    return target in reached


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What people or programs say of an event, apart from where it is."""

    name: str
    starts_at: datetime
    ends_at: datetime
    venue: str = ""
    capacity: int | None = None
    guests_each: int = 0
    external_no: str = ""


def problems_of(said: Wording) -> list[Problem]:
    """Return what cannot be, each with its place."""
    found = []
    if not said.name.strip() or len(said.name) > MAX_NAME:
        found.append(_wrong("/name", "bad_length", _("Give it a name of at most 120 characters.")))
    if len(said.venue) > MAX_VENUE:
        found.append(_wrong("/venue", "too_long", _("Use at most 120 characters.")))
    if len(said.external_no) > MAX_NUMBER or any(c.isspace() for c in said.external_no):
        text = _("At most 64 characters, without spaces.")
        found.append(_wrong("/external_no", "bad_number", text))
    if said.ends_at <= said.starts_at:
        text = _("It must end after it starts.")
        found.append(_wrong("/ends_at", "ends_before_start", text))
    elif said.ends_at - said.starts_at > LONGEST:
        text = _("An event lasts at most 60 days.")
        found.append(_wrong("/ends_at", "too_long", text))
    if said.capacity is not None and not 1 <= said.capacity <= MAX_CAPACITY:
        text = _("From 1 to %(most)s; leave it empty for no limit.") % {"most": f"{MAX_CAPACITY:,}"}
        found.append(_wrong("/capacity", "out_of_range", text))
    if not 0 <= said.guests_each <= MAX_GUESTS:
        text = _("From 0 to %(most)s guests.") % {"most": MAX_GUESTS}
        found.append(_wrong("/guests_each", "out_of_range", text))
    return found


def _wrong(pointer: str, code: str, text: str) -> Problem:
    return Problem(pointer, code, text)
