"""What points keep about a member: every movement, and what is left."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from events.points.models import PointsBalance, PointsEntry
from members.erasure.ports import Holding
from members.erasure.services import notes_of

HOLDINGS = (
    Holding(
        model=PointsEntry,
        label=_("Movements of points"),
        fields={
            "occurred_at": _("Time"),
            "ledger": _("Ledger"),
            "kind": _("Kind"),
            "amount": pgettext_lazy("points", "Amount"),
            "state": _("State"),
            "reason": _("Reason"),
            "source": _("Source"),
            "source_id": _("Number there"),
            "expires_at": _("Expires"),
            "created_by_label": pgettext_lazy("points", "By"),
        },
    ),
    # After the entries, whose trigger takes the balances down to nothing.
    Holding(
        model=PointsBalance,
        label=_("Points left"),
        fields={
            "ledger": _("Ledger"),
            "balance": pgettext_lazy("points", "Balance"),
            "pending": pgettext_lazy("points", "Pending"),
            "earned": pgettext_lazy("points", "Earned"),
            "spent": pgettext_lazy("points", "Spent"),
            "expired": pgettext_lazy("points", "Expired"),
        },
        order=60,
    ),
)
# What an entry says never changes, but that a deletion takes somebody out of its reason.
SEARCHES = (notes_of(model=PointsEntry, columns=("reason",)),)
