"""Registrations, when two members become one: for one event they keep one."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from members.merging.ports import Clash, MovedRows

# Whoever came was there, whatever the other said; a word to come outweighs one called off.
RANK = "array_position(ARRAY['checked_in', 'registered', 'cancelled'], {}.state::text)"
REGISTRATIONS = MovedRows(
    table="events_registration",
    label=_("Registrations for events"),
    clashes=(
        Clash(
            together="l.event_id = w.event_id",
            loser_stays=f"{RANK.format('l')} < {RANK.format('w')}",
            words=_("Both registered for one event: having come counts most, then registered."),
        ),
    ),
    # A place that went to somebody else meanwhile does not come back; no event overflows.
    comes_back="""
        k.state = 'cancelled' OR EXISTS (
            SELECT FROM events_event AS event
            WHERE event.brand_id = k.brand_id AND event.id = k.event_id
              AND (event.capacity IS NULL OR event.taken + 1 + k.guests <= event.capacity)
        )
    """,
)
