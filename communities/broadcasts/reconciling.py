"""Finding out what became of deliveries that may have been sent."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from communities.broadcasts import delivering
from communities.broadcasts.models import Delivery
from communities.broadcasts.parcels import load
from communities.broadcasts.ports import Outcome, Result, channel_of
from core.kernel.scoping import tenant
from core.work import services as work
from core.work.models import WorkRow
from core.work.services import Settlement

if TYPE_CHECKING:
    from datetime import datetime

# An answer may still be on its way for so long; then the channel is asked.
ASK_AFTER = timedelta(seconds=30)
# What no channel has seen by then is given up, in time for the broadcast to end as known.
GIVE_UP_AFTER = delivering.UNKNOWN_AT_MOST - timedelta(minutes=5)
RECONCILED_AT_ONCE = 1000
NOTHING_YET: dict[str, Any] = {"message_seq": None, "people_count": None}


def reconcile_unknown(*, brand_id: int, now: datetime) -> int:
    """Ask the channels what became of deliveries that may have been sent; return how many it told.

    What arrived is sent. What the channel never saw goes back into the queue, or is given up when
    it was tried too often or for too long. Nothing is sent again without having asked.
    """
    with tenant(brand_id):
        rows = Delivery.objects.filter(
            brand_id=brand_id, state=WorkRow.State.UNKNOWN, settled_at__lt=now - ASK_AFTER
        ).order_by("settled_at")[:RECONCILED_AT_ONCE]
        too_old = {
            row.pk for row in rows if row.settled_at and row.settled_at < now - GIVE_UP_AFTER
        }
        parcels = load(brand_id=brand_id, delivery_ids=[row.pk for row in rows])
    settlements: list[Settlement] = []
    for name, batch in groupby(parcels, key=attrgetter("channel")):
        items = list(batch)
        found = channel_of(name, brand_id=brand_id).find([item.key for item in items])
        for item in items:
            too_late = item.id in too_old or item.fence >= work.MAX_CLAIMS
            outcome = found.get(item.key)
            if outcome is None and not too_late:
                settlements.append(
                    Settlement(item.id, item.fence, WorkRow.State.DUE, values=NOTHING_YET)
                )
            elif outcome is None:
                lost = Outcome(Result.FAILED, error="never_arrived")
                settlements.append(item.settled(lost))
            elif outcome.state != Result.UNKNOWN:
                settlements.append(item.settled(outcome))
    with tenant(brand_id):
        settlements = delivering.as_broadcasts_stand(parcels, settlements)
        refused = work.settle(
            model=Delivery, brand_id=brand_id, settlements=settlements, was=WorkRow.State.UNKNOWN
        )
    delivering.finish(brand_id=brand_id, now=now)
    return len(settlements) - len(refused)
