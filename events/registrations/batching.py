"""Registrations and check-ins that a program sends, up to a thousand a call.

Each row says what somebody is to be at one event, and is judged alone, in its order, by the rules
of one registration. The number of queries does not depend on the number of rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel.access import Permission
from core.kernel.errors import Forbidden
from core.organizations.models import Brand
from events.calendar import selectors as calendar_selectors
from events.calendar import services as calendar
from events.registrations import rules
from events.registrations.models import Registration
from events.registrations.rules import Asked, Hall, Refusal, State
from events.registrations.selectors import being_deleted, members_named
from events.registrations.services import (
    Wish,
    hall_of,
    hold_members,
    place_of,
    words_of,
    write,
)
from members.profiles import services as profiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from core.kernel.access import Viewer
    from events.calendar.models import Event

MEMBER_KEYS = ("member", "customer_no", "phone")
OUTCOMES = ("created", "updated", "unchanged", "refused")
# Which field of a row a refusal is about.
FIELD_OF = {Refusal.FUTURE: "at", Refusal.EARLY: "at", Refusal.GUESTS: "guests"}
UPDATE = """
UPDATE events_registration AS row SET state = said.state, guests = said.guests,
    registered_at = said.registered_at, checked_in_at = said.checked_in_at,
    cancelled_at = said.cancelled_at
FROM unnest(%s::bigint[], %s::text[], %s::int[], %s::timestamptz[], %s::timestamptz[],
    %s::timestamptz[]) AS said (id, state, guests, registered_at, checked_in_at, cancelled_at)
WHERE row.brand_id = %s AND row.id = said.id
"""
COLUMNS = ("pk", "state", "guests", "registered_at", "checked_in_at", "cancelled_at")


@dataclass(slots=True)
class Result:
    """What became of a row; ``problems`` are field, code and words."""

    outcome: str = "refused"
    row: Registration | None = None
    problems: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def id(self) -> int | None:
        """The registration that the row stands for."""
        return self.row.pk if self.row is not None else None


# A row that can be judged: what becomes of it, what it says, its event and its member.
Named = tuple[Result, Mapping[str, Any], int, int]


@dataclass(slots=True)
class _Call:
    """What the rows of a call are judged against, and what comes of it."""

    actor: Viewer
    now: datetime
    events: dict[int, Event]
    halls: dict[int, Hall]
    rows: dict[tuple[int, int], Registration]
    leaving: set[int]
    met: dict[int, datetime] = field(default_factory=dict)
    changed: dict[tuple[int, int], Registration] = field(default_factory=dict)


@transaction.atomic
def put_rows(
    *, rows: Sequence[Mapping[str, Any] | None], actor: Viewer, now: datetime
) -> list[Result]:
    """Bring registrations in line with what rows say; None stands for one refused already.

    A row names the event by ``event`` or ``external_no``, the member by ``member``,
    ``customer_no`` or ``phone``; ``state`` is what they are to be, ``at`` since when.

    Raises:
        Forbidden: the actor may not edit events, or sees a part of the brand only.
    """
    actor.require(Permission.EVENTS_EDIT)
    if not actor.is_brand_wide:
        raise Forbidden(_("Batches are for those who see the whole brand."))
    results = [Result() for _row in rows]
    named = _held(list(_named(rows, results, actor.brand_id)), actor.brand_id)
    call = _call(named, actor, now)
    for result, said, event_id, member_id in named:
        _put(call, result, said, event_id, member_id)
    _save(call)
    counts = Counter(result.outcome for result in results)
    if counts["created"] or counts["updated"]:
        brand = Brand.objects.get(pk=actor.brand_id)
        data = {name: counts[name] for name in OUTCOMES}
        audit.record(action="registration.batch", subject=brand, actor=actor, now=now, data=data)
    return results


def _named(
    rows: Sequence[Mapping[str, Any] | None], results: Sequence[Result], brand_id: int
) -> Iterator[Named]:
    """Yield the rows whose event and member there are; say of the others what is missing."""
    said = [row for row in rows if row is not None]
    events = calendar_selectors.events_named(rows=said, brand_id=brand_id)
    members = members_named(rows=said, brand_id=brand_id)
    for row, result in zip(rows, results, strict=True):
        if row is None:
            continue
        event_key = next(name for name in ("event", "external_no") if name in row)
        member_key = next(name for name in MEMBER_KEYS if name in row)
        event_id = events.get((event_key, row[event_key]))
        member_id = members.get((member_key, row[member_key]))
        if event_id is None:
            result.problems.append((event_key, "unknown_event", _("There is no such event.")))
        if member_id is None:
            result.problems.append((member_key, "unknown_member", _("There is no such member.")))
        if event_id is not None and member_id is not None:
            yield result, row, event_id, member_id


def _held(named: list[Named], brand_id: int) -> list[Named]:
    """Keep the members where they are; say of those who went since they were looked up."""
    there = hold_members(brand_id=brand_id, ids=[member_id for *_rest, member_id in named])
    for result, said, _event_id, member_id in named:
        if member_id not in there:
            key = next(name for name in MEMBER_KEYS if name in said)
            result.problems.append((key, "unknown_member", _("There is no such member.")))
    return [one for one in named if one[-1] in there]


def _call(named: Sequence[Named], actor: Viewer, now: datetime) -> _Call:
    event_ids = sorted({event_id for _r, _s, event_id, _m in named})
    member_ids = sorted({member_id for *_rest, member_id in named})
    events = calendar.lock_events(ids=event_ids, actor=actor)
    held = Registration.objects.filter(
        brand_id=actor.brand_id, event_id__in=event_ids, member_id__in=member_ids
    )
    return _Call(
        actor,
        now,
        events,
        {pk: hall_of(event) for pk, event in events.items()},
        {(row.event_id, row.member_id): row for row in held},
        being_deleted(brand_id=actor.brand_id, ids=member_ids),
    )


def _put(
    call: _Call, result: Result, said: Mapping[str, Any], event_id: int, member_id: int
) -> None:
    state, key = State(said["state"]), (event_id, member_id)
    if state in rules.HOLDS_PLACES and member_id in call.leaving:
        result.problems.append(("member", "being_deleted", _("This member is being deleted.")))
        return
    row, hall = call.rows.get(key), call.halls[event_id]
    held = place_of(row) if row is not None else None
    asked = Asked(state, said.get("at") or call.now, call.now, said.get("guests"))
    found = rules.judge(hall, held, asked)
    if isinstance(found, Refusal):
        result.problems.append((FIELD_OF.get(found, "event"), found.value, words_of(found)))
        return
    result.row = row
    if found == held:
        result.outcome = "unchanged"
        return
    rules.enter(hall, held, found)
    wish = Wish(event_id=event_id, member_id=member_id, state=state, source="api")
    result.outcome = "created" if row is None else "updated"
    event = call.events[event_id]
    result.row = write(event=event, member_id=member_id, row=row, place=found, wish=wish)
    call.rows[key] = call.changed[key] = result.row
    if found.checked_in_at is not None:
        at = min(found.checked_in_at, call.now)
        call.met[member_id] = max(at, call.met.get(member_id, at))


def _save(call: _Call) -> None:
    """Changed rows before new ones: only the first can give up places that the others take."""
    changed = [row for row in call.changed.values() if row.pk is not None]
    if changed:
        values = [[getattr(row, name) for row in changed] for name in COLUMNS]
        with connection.cursor() as cursor:
            cursor.execute(UPDATE, [*values, call.actor.brand_id])
    Registration.objects.bulk_create(row for row in call.changed.values() if row.pk is None)
    profiles.mark_active(brand_id=call.actor.brand_id, met=call.met, now=call.now)
