"""What must hold of events and of who comes to them."""

from __future__ import annotations

from core.kernel.invariants import Invariant

INVARIANTS = (
    Invariant(
        "no event takes more people than it has places",
        "SELECT id, taken, capacity FROM events_event"
        " WHERE brand_id = %(brand_id)s AND taken > capacity",
    ),
    Invariant(
        "every event counts the places that are taken, guests among them",
        """
        SELECT event.id, event.taken, coalesce(held.people, 0)
        FROM events_event AS event
        LEFT JOIN (
            SELECT event_id, sum(1 + guests) AS people FROM events_registration
            WHERE brand_id = %(brand_id)s AND state <> 'cancelled' GROUP BY event_id
        ) AS held ON held.event_id = event.id
        WHERE event.brand_id = %(brand_id)s AND event.taken <> coalesce(held.people, 0)
        """,
    ),
    Invariant(
        "nobody is registered twice for one event",
        """
        SELECT event_id, member_id FROM events_registration WHERE brand_id = %(brand_id)s
        GROUP BY event_id, member_id HAVING count(*) > 1
        """,
    ),
    Invariant(
        "whoever came has a moment of coming, and whoever called off one of that",
        """
        SELECT id, state FROM events_registration
        WHERE brand_id = %(brand_id)s AND (
            (state = 'checked_in') <> (checked_in_at IS NOT NULL)
            OR (state = 'cancelled') <> (cancelled_at IS NOT NULL)
        )
        """,
    ),
    Invariant(
        "nobody came to an event that was never published",
        """
        SELECT went.id FROM events_registration AS went
        JOIN events_event AS event ON event.brand_id = went.brand_id AND event.id = went.event_id
        WHERE went.brand_id = %(brand_id)s AND event.state = 'draft'
        """,
    ),
)
