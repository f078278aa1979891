from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Count, OuterRef, Subquery, TextField, Value
from django.db.models.functions import Cast, Coalesce, Concat

from communities.broadcasts.models import Broadcast, Delivery
from communities.memberships.models import Membership

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet


MOVING = (Broadcast.State.SENDING, Broadcast.State.PAUSED, Broadcast.State.CANCELLED)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a broadcast's deliveries are."""

    by_state: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All deliveries."""
        return sum(self.by_state.values())

    @property
    def done(self) -> int:
        """Those of which the end is known."""
        return sum(self.by_state.get(state, 0) for state in ("sent", "failed", "cancelled"))

    @property
    def waiting(self) -> int:
        """Those that are due or in a worker's hands."""
        return self.by_state.get("due", 0) + self.by_state.get("claimed", 0)

    @property
    def rooms(self) -> int:
        """Those that are to arrive, or did, or should have."""
        return self.total - self.by_state.get("cancelled", 0)

    def __getattr__(self, state: str) -> int:
        """Return the number in one state, for templates."""
        if state in Delivery.State.values:
            return self.by_state.get(state, 0)
        raise AttributeError(state)


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a broadcast: rooms it stands in, people who sit there, those who read it."""

    rooms: int
    people: int
    readers: int
    first_sent_at: datetime | None = None
    last_sent_at: datetime | None = None


# Who was there when it was sent; a person counts once, as a reader if any of their rooms says so.
REPORT = """
    SELECT count(*), count(*) FILTER (WHERE has_read) FROM (
        SELECT membership.member_id,
            bool_or(membership.read_seq >= delivery.message_seq) AS has_read
        FROM communities_delivery AS delivery
        JOIN communities_membership AS membership
            ON membership.brand_id = %(brand)s AND membership.room_id = delivery.room_id
            AND membership.left_at IS NULL AND membership.joined_at <= delivery.settled_at
        WHERE delivery.brand_id = %(brand)s AND delivery.broadcast_id = %(broadcast)s
            AND delivery.state = 'sent'
        GROUP BY membership.member_id
    ) AS person
"""
ROOMS = """
    SELECT count(*), min(settled_at), max(settled_at) FROM communities_delivery
    WHERE brand_id = %(brand)s AND broadcast_id = %(broadcast)s AND state = 'sent'
"""


def progress(*, broadcast: Broadcast) -> Progress:
    """Count the deliveries by state."""
    rows = Delivery.objects.filter(brand_id=broadcast.brand_id, broadcast=broadcast)
    counted = rows.values_list("state").annotate(n=Count("pk"))
    return Progress(dict(counted.order_by()))


def report(*, broadcast: Broadcast) -> Report:
    """Count rooms, people and readers; reads grow with time."""
    params: dict[str, Any] = {"brand": broadcast.brand_id, "broadcast": broadcast.pk}
    with connection.cursor() as cursor:
        cursor.execute(ROOMS, params)
        rooms, first, last = cursor.fetchone()
        cursor.execute(REPORT, params)
        people, readers = cursor.fetchone()
    return Report(rooms, people, readers, first, last)


def deliveries_with_reads(*, broadcast: Broadcast) -> QuerySet[Delivery]:
    """Return the deliveries with room and community, each with how many have read it.

    The count looks into one room's seats per row, so take a page at a time.
    """
    readers = (
        Membership.objects.filter(
            brand_id=OuterRef("brand_id"),
            room_id=OuterRef("room_id"),
            left_at=None,
            read_seq__gte=OuterRef("message_seq"),
            joined_at__lte=OuterRef("settled_at"),
        )
        .values("room_id")
        .annotate(n=Count("pk"))
        .values("n")
    )
    rows = Delivery.objects.filter(brand_id=broadcast.brand_id, broadcast=broadcast)
    return rows.annotate(read_count=Coalesce(Subquery(readers), 0)).select_related(
        "room__community__dealer", "room__community__city"
    )


def progress_of_each(*, broadcasts: Sequence[Broadcast]) -> dict[int, Progress]:
    """Return how far each broadcast of a page is; only of those under way are rows counted."""
    found: dict[int, dict[str, int]] = {}
    moving = [row.pk for row in broadcasts if row.state in MOVING]
    counted = Delivery.objects.filter(broadcast_id__in=moving).values_list("broadcast_id", "state")
    for broadcast_id, state, n in counted.annotate(n=Count("pk")).order_by():
        found.setdefault(broadcast_id, {})[state] = n
    for row in broadcasts:
        if row.state == Broadcast.State.SENT:
            found[row.pk] = {"sent": row.sent_count, "failed": row.failed_count}
    return {pk: Progress(by_state) for pk, by_state in found.items()}


def key_of_delivery() -> Concat:
    """Return in SQL by what the post of the delivery at hand is known; see ``parcels.key_of``."""
    broadcast, room = Cast("broadcast_id", TextField()), Cast("room_id", TextField())
    return Concat(Value("broadcast:"), broadcast, Value("/"), room, output_field=TextField())
