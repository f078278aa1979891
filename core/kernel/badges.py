"""States and community kinds as people see them: one word, one tone, one icon, everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import _StrOrPromise


@dataclass(frozen=True, slots=True)
class Badge:
    """A label that never speaks by color alone: it carries an icon or a dot besides its word.

    ``tone`` is one of "", "primary", "ok", "warn", "bad", "teal", "plum".
    """

    label: _StrOrPromise
    tone: str = ""
    icon: str = ""
    live: bool = False


_STATES: dict[str, Badge] = {
    "draft": Badge(_("Draft"), icon="edit"),
    "submitted": Badge(_("Submitted"), "warn", "clock"),
    "awaiting_approval": Badge(_("Awaiting approval"), "warn", "clock"),
    "approved": Badge(_("Approved"), "ok", "check"),
    "rejected": Badge(_("Rejected"), "bad", "x"),
    "refused": Badge(pgettext_lazy("a request", "Refused"), "bad", "x"),
    "lapsed": Badge(_("Lapsed"), icon="clock"),
    "outgrown": Badge(_("Outgrown"), icon="clock"),
    "withdrawn": Badge(_("Withdrawn"), icon="x"),
    "scheduled": Badge(_("Scheduled"), "primary", "clock"),
    "queued": Badge(_("Waiting to start"), icon="clock"),
    "pending": Badge(_("Waiting to start"), icon="clock"),
    "due": Badge(pgettext_lazy("delivery", "Due"), icon="clock"),
    "claimed": Badge(pgettext_lazy("delivery", "Sending"), "primary", live=True),
    "sending": Badge(pgettext_lazy("delivery", "Sending"), "primary", live=True),
    "sent": Badge(pgettext_lazy("delivery", "Sent"), "ok", "check"),
    "unknown": Badge(_("To be reconciled"), "warn", "alert"),
    "previewing": Badge(_("Previewing"), "primary", live=True),
    "previewed": Badge(_("Previewed"), "primary", "eye"),
    "confirmed": Badge(_("Confirmed"), "primary", "check"),
    "running": Badge(pgettext_lazy("task", "Running"), "primary", live=True),
    "applying": Badge(pgettext_lazy("task", "Running"), "primary", live=True),
    "paused": Badge(_("Paused"), "warn", "pause"),
    "waiting": Badge(_("Awaiting approval"), "warn", "clock"),
    "done": Badge(_("Done"), "ok", "check"),
    "succeeded": Badge(_("Done"), "ok", "check"),
    "completed": Badge(_("Done"), "ok", "check"),
    "failed": Badge(_("Failed"), "bad", "alert"),
    "cancelling": Badge(_("Stopping"), "warn", "clock"),
    "cancelled": Badge(_("Cancelled"), icon="x"),
    "active": Badge(pgettext_lazy("community", "Active"), "ok", live=True),
    "enabled": Badge(_("Enabled"), "ok", "check"),
    "disabled": Badge(_("Disabled"), icon="x"),
    "closing": Badge(_("Closing"), "warn", "clock"),
    "archived": Badge(_("Archived"), icon="lock"),
    "full": Badge(pgettext_lazy("room", "Full"), "bad", "lock"),
    "nearly_full": Badge(_("Nearly full"), "warn", "alert"),
    "open": Badge(pgettext_lazy("room", "Open"), "ok", "check"),
    "revoked": Badge(_("Revoked"), "bad", "x"),
    "live": Badge(pgettext_lazy("segment", "Live"), "ok", live=True),
    "frozen": Badge(pgettext_lazy("segment", "Frozen"), icon="lock"),
}

_KINDS: dict[str, Badge] = {
    "flash": Badge(_("Flash group"), "plum", "bolt"),
    "service": Badge(_("Service group"), "teal", "heart"),
    "conversion": Badge(_("Conversion group"), "warn", "cart"),
    "core": Badge(_("Core customer group"), "primary", "crown"),
}


def register_states(states: Mapping[str, Badge]) -> None:
    """Add an app's own states; called from ``AppConfig.ready``."""
    _STATES.update(states)


def state_badge(state: str) -> Badge:
    """Return the badge of a state; an unknown one shows its plain name, so that it is noticed."""
    return _STATES.get(str(state)) or Badge(str(state).replace("_", " "))


def kind_badge(kind: str) -> Badge:
    """Return the badge of one of the four kinds of community."""
    return _KINDS.get(str(kind)) or Badge(str(kind))
