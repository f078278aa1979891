"""What communities put into the registries of core and members."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from communities.broadcasts.invariants import INVARIANTS as BROADCASTS
from communities.broadcasts.search import find_broadcasts
from communities.broadcasts.workbench import waiting_broadcasts
from communities.chat.invariants import INVARIANTS as CHAT
from communities.group_building.handlers import (
    APPLY_WORDS,
    LEFT_OUT_WORDS,
    PLAN_WORDS,
    ApplyHandler,
    LeftOutHandler,
    PlanHandler,
)
from communities.group_building.services import APPLY_KIND, EXPORT_KIND, PLAN_KIND
from core.kernel.access import Permission
from core.kernel.badges import Badge, register_states
from core.kernel.invariants import register_invariants
from core.kernel.navigation import NavItem
from core.kernel.navigation import register as register_places
from core.runs.ports import register_run_kind
from core.search.ports import SearchSource, register_search
from core.workbench.ports import Act, register_act, register_todos


def register() -> None:
    """Fill the registries; called from ``CommunitiesConfig.ready``."""
    register_run_kind(PLAN_KIND, PlanHandler(), PLAN_WORDS)
    register_run_kind(APPLY_KIND, ApplyHandler(), APPLY_WORDS)
    register_run_kind(EXPORT_KIND, LeftOutHandler(), LEFT_OUT_WORDS)
    _register_broadcasts()


def _register_broadcasts() -> None:
    may_view, place = Permission.BROADCASTS_VIEW, "communities:broadcasts-list"
    register_places(NavItem(_("Broadcasts"), place, "send", may_view, order=50))
    register_states({"held": Badge(pgettext_lazy("delivery", "Held"), "warn", "pause")})
    register_todos("broadcasts", waiting_broadcasts, permission=may_view, order=20)
    write = Act(_("Write broadcast"), "communities:broadcasts-new", "send")
    register_act("broadcasts", write, permission=Permission.BROADCASTS_SEND, order=30)
    found = SearchSource(_("Broadcasts"), find_broadcasts, may_view, order=40)
    register_search("broadcasts", found)
    register_invariants(*BROADCASTS, *CHAT)
