"""draft → scheduled → sending → sent; paused and cancelled on the way. What people do.

What workers do is in ``delivering``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from communities.broadcasts import audience as audiences
from communities.broadcasts.drafts import Draft, apply_draft
from communities.broadcasts.models import Broadcast, Delivery
from communities.broadcasts.wording import refusal_text
from core.audit import services as audit
from core.kernel.access import Permission
from core.kernel.bells import ring
from core.kernel.errors import DomainError, NotFound, StaleVersion
from core.kernel.faults import point
from core.kernel.scoping import tenant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from communities.broadcasts.audience import Exclusion, Plan
    from core.kernel.access import Viewer

BELL = "communities.broadcasts.tasks.deliver_due"


class NothingToSend(DomainError):
    """No room may get the message at that time; ``next_allowed_at`` says when the first may."""

    code = "nothing_to_send"


class WrongState(DomainError):
    """The broadcast has moved on, so this can no longer be done."""

    code = "wrong_state"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a confirmation, or going on after a pause, set in motion."""

    broadcast: Broadcast
    rooms: int
    exclusions: list[Exclusion]


def save_draft(
    *,
    draft: Draft,
    actor: Viewer,
    now: datetime,
    broadcast_id: int | None = None,
    version: int | None = None,
) -> Broadcast:
    """Write a draft anew, or over the one with ``broadcast_id``.

    Raises:
        InvalidInput: the text, link, audience or time cannot be used.
        StaleVersion: somebody saved it since ``version`` was read.
        WrongState: it is no draft any more.
    """
    actor.require(Permission.BROADCASTS_SEND)
    with transaction.atomic():
        row = _draft_row(actor, now, broadcast_id, version)
        apply_draft(row=row, draft=draft, actor=actor, now=now)
        row.save()
        action = "broadcast.changed" if broadcast_id else "broadcast.drafted"
        audit.record(action=action, subject=row, actor=actor, now=now)
    return row


def dry_run(*, broadcast: Broadcast, now: datetime) -> Plan:
    """Work out whom ``broadcast`` would reach; nothing is written."""
    return audiences.plan(broadcast=broadcast, at=max(broadcast.scheduled_at or now, now))


def confirm(
    *, broadcast_id: int, actor: Viewer, now: datetime, version: int | None = None
) -> Confirmed:
    """Decide which rooms get the draft and leave one delivery for each of them.

    Opens its own tenant: the rooms' locks, which keep two confirmations from using the same last
    allowance, end with the decision. Confirming twice is refused, not repeated.

    Raises:
        NothingToSend: every room is left out; the exclusions tell why and until when.
        WrongState: it is no draft any more.
        StaleVersion: it was changed since ``version`` was read.
    """
    actor.require(Permission.BROADCASTS_SEND)
    with tenant(actor.brand_id):
        row = _locked(broadcast_id, actor)
        _require_state(row, Broadcast.State.DRAFT)
        _require_version(row, version)
        at = max(row.scheduled_at or now, now)
        if row.is_marketing:
            audiences.lock_rooms(broadcast=row)
        verdicts = audiences.judge(broadcast=row, at=at)
        exclusions = audiences.exclusions_of(broadcast=row, verdicts=verdicts, at=at)
        row.room_count = _insert_deliveries(row, verdicts, at)
        if not row.room_count:
            raise _nothing_to_send(exclusions)
        row.scheduled_at, row.excluded = at, [_told(one) for one in exclusions]
        row.confirmed_by_id, row.confirmed_at = actor.staff_id, now
        data = {"rooms": row.room_count}
        _enter(row, _going(at, now), actor, now, action="broadcast.confirmed", data=data)
        ring(BELL, row.brand_id)
    point("broadcasts.after_confirm")
    with tenant(actor.brand_id):  # For people to read only, so not worth the rooms' locks.
        row.people_count = audiences.count_people(broadcast=row, verdicts=verdicts)
        Broadcast.objects.filter(pk=row.pk).update(people_count=row.people_count)
    return Confirmed(broadcast=row, rooms=row.room_count, exclusions=exclusions)


def pause(*, broadcast_id: int, actor: Viewer, now: datetime) -> Broadcast:
    """Stop before the next batch. What a worker has in hand is finished, the rest is held.

    Raises:
        WrongState: it is neither scheduled nor sending.
    """
    with transaction.atomic():
        row = _locked(broadcast_id, actor)
        _require_state(row, Broadcast.State.SCHEDULED, Broadcast.State.SENDING)
        _move(row, was=["due"], to="held")
        return _enter(row, Broadcast.State.PAUSED, actor, now)


def resume(*, broadcast_id: int, actor: Viewer, now: datetime) -> Confirmed:
    """Let a paused broadcast go on with the rooms that may still get it.

    The limits are looked at again, for time has passed: a room whose limit others have used up
    meanwhile is left out, and the result says so. Opens its own tenant.

    Raises:
        NothingToSend: no held room may get it now; it stays paused.
        WrongState: it is not paused.
    """
    with tenant(actor.brand_id):
        row = _locked(broadcast_id, actor)
        _require_state(row, Broadcast.State.PAUSED)
        at = max(row.scheduled_at or now, now)
        if row.is_marketing:
            audiences.lock_rooms(broadcast=row)
        held = set(
            Delivery.objects.filter(broadcast=row, state="held").values_list("room_id", flat=True)
        )
        judged = audiences.judge(broadcast=row, at=at)
        verdicts = [one for one in judged if one.room_id in held]
        going = [one.room_id for one in verdicts if not one.reason]
        exclusions = audiences.exclusions_of(broadcast=row, verdicts=verdicts, at=at)
        if held and not going:
            raise _nothing_to_send(exclusions)
        _go_on(row, going, at)
        row.excluded = [*row.excluded, *(_told(one) for one in exclusions)]
        _enter(row, _going(at, now), actor, now, action="broadcast.resumed")
        ring(BELL, row.brand_id)
    return Confirmed(broadcast=row, rooms=len(going), exclusions=exclusions)


def cancel(*, broadcast_id: int, actor: Viewer, now: datetime) -> Broadcast:
    """Send nothing more. What a worker has in hand is finished, the rest is cancelled.

    Raises:
        WrongState: everything has been sent, or it was cancelled before.
    """
    with transaction.atomic():
        row = _locked(broadcast_id, actor)
        states = Broadcast.State
        _require_state(row, states.DRAFT, states.SCHEDULED, states.SENDING, states.PAUSED)
        row.scheduled_at = row.scheduled_at or now
        row.finished_at = now
        _move(row, was=["due", "held"], to="cancelled")
        return _enter(row, states.CANCELLED, actor, now)


def _going(at: datetime, now: datetime) -> Broadcast.State:
    return Broadcast.State.SCHEDULED if at > now else Broadcast.State.SENDING


def _nothing_to_send(exclusions: Sequence[Exclusion]) -> NothingToSend:
    moment = audiences.earliest(exclusions)
    return NothingToSend(
        refusal_text(exclusions),
        next_allowed_at=moment.isoformat() if moment else None,
        exclusions=[_told(one) for one in exclusions],
    )


def _told(exclusion: Exclusion) -> dict[str, Any]:
    moment = exclusion.next_allowed_at
    return asdict(exclusion) | {"next_allowed_at": moment.isoformat() if moment else None}


def _draft_row(
    actor: Viewer, now: datetime, broadcast_id: int | None, version: int | None
) -> Broadcast:
    if broadcast_id is None:
        return Broadcast(
            brand_id=actor.brand_id,
            created_by_id=actor.staff_id,
            created_by_label=actor.label,
            created_at=now,
        )
    row = _locked(broadcast_id, actor)
    _require_state(row, Broadcast.State.DRAFT)
    _require_version(row, version)
    row.version += 1
    return row


def _locked(broadcast_id: int, actor: Viewer) -> Broadcast:
    actor.require(Permission.BROADCASTS_SEND)
    row = Broadcast.objects.visible_to(actor).select_for_update().filter(pk=broadcast_id).first()
    if row is None:
        raise NotFound(_("There is no such broadcast."))
    return row


def _require_state(row: Broadcast, *states: Broadcast.State) -> None:
    if row.state not in states:
        raise WrongState(
            _("This is no longer possible: the broadcast is %(state)s.")
            % {"state": row.get_state_display()},
            state=row.state,
        )


def _require_version(row: Broadcast, version: int | None) -> None:
    if version is not None and row.version != version:
        raise StaleVersion(_("Somebody else changed this broadcast since you opened it."))


def _enter(
    row: Broadcast,
    state: Broadcast.State,
    actor: Viewer,
    now: datetime,
    *,
    action: str = "",
    data: dict[str, Any] | None = None,
) -> Broadcast:
    row.state = state
    row.version += 1
    row.save()
    action = action or f"broadcast.{state}"
    audit.record(action=action, subject=row, actor=actor, now=now, data=data)
    return row


def _insert_deliveries(
    row: Broadcast, verdicts: Sequence[audiences.RoomVerdict], at: datetime
) -> int:
    rooms = sorted(one.room_id for one in verdicts if not one.reason)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO communities_delivery (brand_id, broadcast_id, room_id, state, due_at,
                claimable_at, is_marketing, fence, error)
            SELECT %s, %s, room_id, 'due', %s, %s, %s, 0, ''
            FROM unnest(%s::bigint[]) AS room_id
            """,
            [row.brand_id, row.pk, at, at, row.is_marketing, rooms],
        )
    return len(rooms)


def _move(row: Broadcast, *, was: list[str], to: str) -> None:
    # Rows a worker is claiming right now are waited for, and then are no longer what they were.
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE communities_delivery SET state = %s,
                settled_at = CASE WHEN %s = 'cancelled' THEN statement_timestamp() END
            WHERE brand_id = %s AND broadcast_id = %s AND state = ANY(%s)
                AND state IN ('due', 'claimed', 'held')
            """,
            [to, to, row.brand_id, row.pk, was],
        )


def _go_on(row: Broadcast, room_ids: list[int], at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE communities_delivery SET
                state = CASE WHEN room_id = ANY(%(rooms)s) THEN 'due' ELSE 'cancelled' END,
                error = CASE WHEN room_id = ANY(%(rooms)s) THEN error ELSE 'left_out' END,
                settled_at = CASE WHEN room_id = ANY(%(rooms)s) THEN NULL
                    ELSE statement_timestamp() END,
                due_at = %(at)s, claimable_at = %(at)s
            WHERE brand_id = %(brand)s AND broadcast_id = %(broadcast)s AND state = 'held'
            """,
            {"rooms": room_ids, "at": at, "brand": row.brand_id, "broadcast": row.pk},
        )
