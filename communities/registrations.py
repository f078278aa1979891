"""What communities put into the registries of core and members."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from communities.broadcasts.invariants import INVARIANTS as BROADCASTS
from communities.broadcasts.presenting import describe_broadcasts
from communities.broadcasts.search import find_broadcasts
from communities.broadcasts.workbench import waiting_broadcasts
from communities.chat.invariants import INVARIANTS as CHAT
from communities.group_building.handlers import (
    APPLY_WORDS,
    PLAN_WORDS,
    ApplyHandler,
    PlanHandler,
)
from communities.group_building.services import APPLY_KIND, PLAN_KIND
from core.audit.ports import SubjectKind, register_actions, register_subjects
from core.kernel.access import Permission
from core.kernel.badges import Badge, register_states
from core.kernel.invariants import register_invariants
from core.kernel.navigation import NavItem
from core.kernel.navigation import register as register_places
from core.runs.ports import register_run_kind
from core.search.ports import SearchSource, register_search
from core.workbench.ports import Act, register_act, register_todos


BROADCAST_SENTENCES = {
    "broadcast.drafted": _("wrote the broadcast"),
    "broadcast.changed": _("changed the broadcast"),
    "broadcast.confirmed": _("confirmed the broadcast to %(rooms)s rooms:"),
    "broadcast.paused": _("paused the broadcast"),
    "broadcast.resumed": _("let the broadcast go on"),
    "broadcast.cancelled": _("cancelled the broadcast"),
    "broadcast.sent": _("finished sending the broadcast"),
    "room.posted": _("wrote into the room"),
}


def register() -> None:
    """Fill the registries; called from ``CommunitiesConfig.ready``."""
    register_run_kind(PLAN_KIND, PlanHandler(), PLAN_WORDS)
    register_run_kind(APPLY_KIND, ApplyHandler(), APPLY_WORDS)
    _register_broadcasts()


def _register_broadcasts() -> None:
    may_view, place = Permission.BROADCASTS_VIEW, "communities:broadcasts-list"
    register_places(NavItem(_("Broadcasts"), place, "send", may_view, order=50))
    register_states({"held": Badge(pgettext_lazy("delivery", "Held"), "warn", "pause")})
    register_todos("broadcasts", waiting_broadcasts, permission=may_view, order=20)
    write = Act(_("Write broadcast"), "communities:broadcasts-new", "send")
    register_act("broadcasts", write, permission=Permission.BROADCASTS_SEND, order=30)
    register_actions(BROADCAST_SENTENCES)
    subject = SubjectKind(_("Broadcast"), describe_broadcasts)
    register_subjects({"communities.broadcast": subject})
    found = SearchSource(_("Broadcasts"), find_broadcasts, may_view, order=40)
    register_search("broadcasts", found)
    register_invariants(*BROADCASTS, *CHAT)
