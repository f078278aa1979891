"""An event as its pages show it: its header, and what each move says before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.kernel.access import Permission
from core.kernel.formats import grouped
from events.calendar import rules
from events.calendar.rules import Move
from events.calendar.selectors import may_plan

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer
    from events.calendar.models import Event


@dataclass(frozen=True, slots=True)
class MoveWords:
    """What a move asks, what it leads to, its button, and what it says when it is done."""

    asks: str
    effects: list[str]
    button: str
    done: str
    is_dangerous: bool = False


def header(*, event: Event, viewer: Viewer, now: datetime) -> dict[str, Any]:
    """Return what the page of an event shows on top."""
    own = may_plan(event=event, viewer=viewer) and viewer.may(Permission.EVENTS_EDIT)
    moves = rules.moves_of(event.state) if own else []
    return {
        "event": event,
        "meta": _meta(event),
        "may_edit": own and event.state in rules.OPEN,
        "may_publish": Move.PUBLISH in moves,
        "may_close": Move.CLOSE in moves and event.starts_at <= now,
        "may_cancel": Move.CANCEL in moves,
    }


def _meta(event: Event) -> list[tuple[str, str]]:
    told = [("tag", event.get_kind_display()), ("clock", times(event))]
    if event.is_online:
        told.append(("bolt", _("Online")))
    place = " · ".join(
        part for part in (event.city.short_name if event.city else "", event.venue) if part
    )
    if place:
        told.append(("pin", place))
    told.append(("store", event.dealer.name if event.dealer else _("Whole brand")))
    return told


def times(event: Event) -> str:
    """Return when an event is, the day once where it is one day."""
    starts, ends = timezone.localtime(event.starts_at), timezone.localtime(event.ends_at)
    until = _clock(ends) if starts.date() == ends.date() else f"{_day(ends)} {_clock(ends)}"
    return f"{_day(starts)} {_clock(starts)} – {until}"


def _day(at: datetime) -> str:
    return date_format(at, "Y-m-d")


def _clock(at: datetime) -> str:
    return date_format(at, "H:i")


def move_words(*, move: Move, event: Event) -> MoveWords:
    """Return what a move says to people."""
    named = {"name": event.name}
    if move == Move.PUBLISH:
        return MoveWords(
            _("Publish “%(name)s”?") % named,
            [
                _("Members can register from now on."),
                _("It can still be changed, but not hold fewer people than registered."),
            ],
            _("Publish event"),
            _("“%(name)s” is published") % named,
        )
    if move == Move.CLOSE:
        return MoveWords(
            _("Close “%(name)s”?") % named,
            [
                _("It counts as having taken place; nobody can register any more."),
                _("Whoever was there can still be checked in."),
                _("It cannot be changed or opened again."),
            ],
            _("Close event"),
            _("“%(name)s” is closed") % named,
        )
    people = ngettext(
        "%(n)s place is taken; whoever registered is not told by itself.",
        "%(n)s places are taken; whoever registered is not told by itself.",
        event.taken,
    )
    return MoveWords(
        _("Cancel “%(name)s”?") % named,
        [
            people % {"n": grouped(event.taken)},
            _("Registrations stay as history; nobody counts as having stayed away."),
            _("This cannot be undone."),
        ],
        _("Cancel event"),
        _("“%(name)s” is cancelled") % named,
        is_dangerous=True,
    )
