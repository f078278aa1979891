"""What events keep. See ``core.data_inventory.ports``."""

from __future__ import annotations

from core.data_inventory.ports import Keep, Mask, Purpose, holding

PLAIN = Mask.PLAIN

HOLDINGS = (
    holding(
        "events.Event",
        Purpose.EVENT,
        Keep.BRAND,
        internal="id brand kind name state is_online starts_at ends_at venue city dealer community"
        " capacity guests_each taken external_no created_at version",
    ),
    holding(
        "events.Registration",
        Purpose.EVENT,
        Keep.MEMBER,
        internal="id brand source",
        personal={
            "event": PLAIN,
            "member": PLAIN,
            "state": PLAIN,
            "guests": PLAIN,
            "registered_at": PLAIN,
            "checked_in_at": PLAIN,
            "cancelled_at": PLAIN,
        },
    ),
    holding(
        "events.PointsEntry",
        Purpose.POINTS,
        Keep.MEMBER,
        internal="id brand ledger kind side state settled_at source expires_at lapsed_at"
        " reverses_id created_at",
        personal={
            "member": PLAIN,
            "amount": PLAIN,
            "source_id": PLAIN,
            "reason": PLAIN,
            "occurred_at": PLAIN,
            "of_merged": PLAIN,
            "created_by_label": PLAIN,
        },
    ),
    holding(
        "events.PointsBalance",
        Purpose.POINTS,
        Keep.MEMBER,
        internal="id brand ledger",
        personal={
            "member": PLAIN,
            "balance": PLAIN,
            "pending": PLAIN,
            "earned": PLAIN,
            "spent": PLAIN,
            "expired": PLAIN,
        },
    ),
)
