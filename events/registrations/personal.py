"""What registrations keep about a member: the events they registered for and came to."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from events.registrations.models import Registration
from members.erasure.ports import Holding

HOLDINGS = (
    Holding(
        model=Registration,
        label=_("Events"),
        fields={
            "event__name": _("Event"),
            "event__starts_at": _("Starts"),
            "state": _("State"),
            "guests": _("Guests"),
            "source": _("Source"),
            "registered_at": _("Registered"),
            "checked_in_at": _("Checked in"),
            "cancelled_at": _("Called off"),
        },
    ),
)
