"""What workers do: claim a batch, send it with no transaction open, settle it.

Any worker may be killed anywhere in here. Its rows are taken over when the lease ends; the
channel is asked first what became of them.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from communities.broadcasts import allowances, rules
from communities.broadcasts.models import Broadcast, Delivery
from communities.broadcasts.parcels import Parcel, load, still_agreeing
from communities.broadcasts.ports import RoomChannel, channel_of
from core.audit import services as audit
from core.kernel.access import system_viewer
from core.kernel.faults import point
from core.kernel.scoping import tenant
from core.work import services as work
from core.work.models import WorkRow
from core.work.services import Settlement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

logger = logging.getLogger(__name__)

State = WorkRow.State
# By then the reconciliation knows, or has given up.
UNKNOWN_AT_MOST = timedelta(minutes=15)
# A large broadcast takes a while to reach its last room; what is later than this missed its turn.
LATE = timedelta(minutes=5)


def deliver_due(*, brand_id: int, now: datetime, budget: timedelta) -> int:
    """Deliver what is due, a batch at a time, until nothing is or ``budget`` is spent.

    Opens its own transactions. Any number of workers may run it at once, and any of them may die.
    Returns how many deliveries were tried.
    """
    begun, tried = time.monotonic(), 0
    while (started := time.monotonic()) < begun + budget.total_seconds():
        moment = now + timedelta(seconds=started - begun)
        parcels = _claim(brand_id)
        point("broadcasts.after_claim")
        if not parcels:
            break
        tried += len(parcels)
        lease_ends = started + settings.DELIVERY_LEASE.total_seconds()
        for name, batch in groupby(parcels, key=attrgetter("channel")):
            channel = channel_of(name, brand_id=brand_id)
            _deliver(brand_id, list(batch), channel=channel, now=moment, lease_ends=lease_ends)
    finish(brand_id=brand_id, now=now)
    return tried


# Ahead of the claim: whoever pauses or cancels holds the broadcast before its deliveries, too.
START = """
    UPDATE communities_broadcast AS row SET state = 'sending'
    WHERE row.brand_id = %(brand)s AND row.state = 'scheduled' AND EXISTS (
        SELECT FROM communities_delivery AS delivery
        WHERE delivery.brand_id = %(brand)s AND delivery.broadcast_id = row.id
            AND delivery.state = 'due' AND delivery.claimable_at <= statement_timestamp()
    )
"""


def _claim(brand_id: int) -> list[Parcel]:
    with tenant(brand_id):
        with connection.cursor() as cursor:
            cursor.execute(START, {"brand": brand_id})
        claimed = work.claim(
            model=Delivery,
            brand_id=brand_id,
            lease=settings.DELIVERY_LEASE,
            limit=settings.DELIVERY_BATCH,
        )
        return load(brand_id=brand_id, delivery_ids=[row.pk for row in claimed])


def _deliver(
    brand_id: int,
    parcels: Sequence[Parcel],
    *,
    channel: RoomChannel,
    now: datetime,
    lease_ends: float,
) -> None:
    """Send one channel's share of a batch and write down what became of it."""
    taken_over = [item for item in parcels if item.fence > 1]
    if taken_over:
        # The worker before us may have sent them and died before saying so.
        known = channel.find([item.key for item in taken_over])
        arrived = [item for item in taken_over if item.key in known]
        _settle(brand_id, [item.settled(known[item.key]) for item in arrived])
        parcels = [item for item in parcels if item.key not in known]
    _send(brand_id, _sendable(brand_id, parcels, now), channel, lease_ends)


def _send(
    brand_id: int, parcels: Sequence[Parcel], channel: RoomChannel, lease_ends: float
) -> None:
    if not parcels:
        return
    point("broadcasts.before_send")
    if time.monotonic() > lease_ends:
        # We were stopped or starved. Somebody else has these rows by now, or will have.
        logger.warning("lease over before sending: %s deliveries left to others", len(parcels))
        return
    point("broadcasts.sending")
    outcomes = channel.send_batch([item.post() for item in parcels])
    point("broadcasts.after_send")
    _settle(brand_id, [item.settled(outcomes[item.key]) for item in parcels])


def _settle(brand_id: int, settlements: Sequence[Settlement]) -> None:
    if not settlements:
        return
    with tenant(brand_id):
        refused = work.settle(model=Delivery, brand_id=brand_id, settlements=settlements)
        late = [one.id for one in settlements if one.id in refused and one.state == State.SENT]
        if late:
            # Sent by us after all, though whoever took over had to call it off: let the
            # reconciliation find out. Rows settled as sent, nearly all, are left alone.
            Delivery.objects.filter(pk__in=late, state__in=[State.CANCELLED, State.FAILED]).update(
                state=State.UNKNOWN, settled_at=Now()
            )
    point("broadcasts.after_settle")


def _sendable(brand_id: int, parcels: Sequence[Parcel], now: datetime) -> list[Parcel]:
    """Hand back what must not be sent now: stopped, unwanted, or marketing out of its turn."""
    stopped = [item for item in parcels if item.broadcast_state != "sending"]
    if stopped:
        with tenant(brand_id):
            back = [Settlement(item.id, item.fence, State.DUE) for item in stopped]
            settlements = as_broadcasts_stand(stopped, back)
            work.settle(model=Delivery, brand_id=brand_id, settlements=settlements)
    going = [item for item in parcels if item.broadcast_state == "sending"]
    if not any(item.is_marketing for item in going):
        return going
    with tenant(brand_id):
        going = _agreed(brand_id, _unclosed(brand_id, going))
        policies = allowances.current_policies(brand_id=brand_id)
        zone = timezone.get_default_timezone()
        asleep = {kind for kind, policy in policies.items() if rules.quiet_end(now, policy, zone)}
        doubtful = [
            item
            for item in going
            if item.is_marketing and (item.kind in asleep or item.due_at < now - LATE)
        ]
        waiting = _judge_anew(brand_id, doubtful, policies, now)
    return [item for item in going if item.id not in waiting]


def _unclosed(brand_id: int, parcels: Sequence[Parcel]) -> list[Parcel]:
    """Call off marketing to communities that began to close after it was planned."""
    over = [item for item in parcels if item.is_marketing and item.community_state == "closing"]
    off = [Settlement(item.id, item.fence, State.CANCELLED, "closing") for item in over]
    work.settle(model=Delivery, brand_id=brand_id, settlements=off)
    return [item for item in parcels if item not in over]


def _agreed(brand_id: int, parcels: Sequence[Parcel]) -> list[Parcel]:
    """Call off what would reach only people who withdrew their consent, be it a moment ago."""
    looked_at = still_agreeing(brand_id=brand_id, parcels=parcels)
    refused = [item for item in looked_at if item.is_refused]
    off = [Settlement(item.id, item.fence, State.CANCELLED, "no_consent") for item in refused]
    work.settle(model=Delivery, brand_id=brand_id, settlements=off)
    return [item for item in looked_at if not item.is_refused]


def _judge_anew(
    brand_id: int,
    parcels: Sequence[Parcel],
    policies: dict[str, rules.MarketingPolicy],
    now: datetime,
) -> set[int]:
    """Give marketing that missed its turn the next allowed moment of each room, or call it off.

    What is planned for later keeps its time, and what missed its own is judged one broadcast after
    the other. Returns the ids of those that must not be sent now; the others count from now on.
    """
    if not parcels:
        return set()
    allowances.lock_rooms_of(brand_id=brand_id, room_ids=[item.room_id for item in parcels])
    waiting: set[int] = set()
    in_turn = attrgetter("due_at", "broadcast_id")
    for (_due_at, broadcast_id), batch in groupby(sorted(parcels, key=in_turn), key=in_turn):
        items = list(batch)
        taken = allowances.taken_times(
            brand_id=brand_id,
            room_ids=[item.room_id for item in items],
            since=now,
            besides=broadcast_id,
            missed_before=now - LATE,
        )
        waiting |= _settle_anew(brand_id, items, taken, policies, now)
    return waiting


def _settle_anew(
    brand_id: int,
    parcels: Sequence[Parcel],
    taken: Mapping[int, list[datetime]],
    policies: dict[str, rules.MarketingPolicy],
    now: datetime,
) -> set[int]:
    """Write down what ``_judge_anew`` finds for one broadcast; return the ids of who waits."""
    zone = timezone.get_default_timezone()
    going, moved, off = [], [], []
    for item in parcels:
        policy = policies.get(item.kind)
        times = taken.get(item.room_id, [])
        moment = rules.next_allowed(now, policy, times, zone) if policy else now
        if moment == now:
            going.append(item.id)
        elif moment is None:
            off.append(Settlement(item.id, item.fence, State.CANCELLED, "quiet_hours"))
        else:
            values = {"due_at": moment, "claimable_at": moment}
            moved.append(Settlement(item.id, item.fence, State.DUE, values=values))
    Delivery.objects.filter(pk__in=going, state=State.CLAIMED).update(due_at=now)
    work.settle(model=Delivery, brand_id=brand_id, settlements=moved)
    work.settle(model=Delivery, brand_id=brand_id, settlements=off)
    return {one.id for one in [*moved, *off]}


def as_broadcasts_stand(
    parcels: Iterable[Parcel], settlements: Sequence[Settlement]
) -> list[Settlement]:
    """Turn "due again" into what each broadcast allows now, and hold it there until commit.

    Without the lock, a broadcast that goes on at this moment would leave our row behind as held.
    """
    if not any(one.state == State.DUE for one in settlements):
        return list(settlements)
    broadcast_of = {item.id: item.broadcast_id for item in parcels}
    ids = {broadcast_of[one.id] for one in settlements}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, state FROM communities_broadcast WHERE id = ANY(%s) ORDER BY id FOR SHARE",
            [list(ids)],
        )
        states = dict(cursor.fetchall())
    becomes = {"paused": State.HELD, "cancelled": State.CANCELLED, "sent": State.CANCELLED}
    return [
        one
        if one.state != State.DUE
        else Settlement(
            one.id,
            one.fence,
            becomes.get(states[broadcast_of[one.id]], State.DUE),
            values=one.values,
        )
        for one in settlements
    ]


FINISH = """
    UPDATE communities_broadcast AS row SET state = 'sent', finished_at = %(now)s,
        version = version + 1, (sent_count, failed_count) = (
            SELECT count(*) FILTER (WHERE delivery.state = 'sent'),
                count(*) FILTER (WHERE delivery.state <> 'sent')
            FROM communities_delivery AS delivery
            WHERE delivery.brand_id = %(brand)s AND delivery.broadcast_id = row.id
                AND delivery.state <> 'cancelled'
        )
    WHERE row.brand_id = %(brand)s AND row.id = ANY(%(rows)s) AND NOT EXISTS (
        SELECT FROM communities_delivery AS delivery
        WHERE delivery.brand_id = %(brand)s AND delivery.broadcast_id = row.id
            AND delivery.state IN ('due', 'claimed', 'held')
    ) AND NOT EXISTS (
        SELECT FROM communities_delivery AS delivery
        WHERE delivery.brand_id = %(brand)s AND delivery.broadcast_id = row.id
            AND delivery.state = 'unknown'
            AND delivery.settled_at > %(now)s - %(patience)s
    ) RETURNING row.id
"""


def finish(*, brand_id: int, now: datetime) -> None:
    """Close the broadcasts of which nothing is on its way any more.

    Deliveries whose fate is unknown are waited for, until the reconciliation has given up on them.
    """
    with tenant(brand_id):
        active = Broadcast.objects.filter(brand_id=brand_id, state="sending").order_by("pk")
        rows = {row.pk: row for row in active.select_for_update()}
        if not rows:
            return
        with connection.cursor() as cursor:
            params: dict[str, Any] = {"brand": brand_id, "now": now, "rows": list(rows)}
            # A statement of its own, so that it sees what was settled while we waited.
            cursor.execute(FINISH, params | {"patience": UNKNOWN_AT_MOST})
            finished = [rows[row_id] for (row_id,) in cursor.fetchall()]
        audit.record_each(
            action="broadcast.sent",
            told=[(row, {}) for row in finished],
            actor=system_viewer(brand_id),
            now=now,
        )
