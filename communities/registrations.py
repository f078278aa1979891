"""What communities put into the registries of core: navigation, workbench, search, invariants."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from communities.broadcasts.invariants import INVARIANTS as BROADCASTS
from communities.broadcasts.search import find_broadcasts
from communities.broadcasts.workbench import waiting_broadcasts
from communities.chat.invariants import INVARIANTS as CHAT
from core.kernel.access import Permission
from core.kernel.badges import Badge, register_states
from core.kernel.invariants import register_invariants
from core.kernel.navigation import NavItem
from core.kernel.navigation import register as register_places
from core.search.ports import SearchSource, register_search
from core.workbench.ports import Act, register_act, register_todos


def register() -> None:
    """Fill the registries; called from ``CommunitiesConfig.ready``."""
    register_places(
        NavItem(
            _("Broadcasts"),
            "communities:broadcasts-list",
            "send",
            Permission.BROADCASTS_VIEW,
            order=50,
        ),
    )
    register_states({"held": Badge(pgettext_lazy("delivery", "Held"), "warn", "pause")})
    register_todos(
        "broadcasts", waiting_broadcasts, permission=Permission.BROADCASTS_VIEW, order=20
    )
    register_act(
        Act(_("Write broadcast"), "communities:broadcasts-new", "send"),
        permission=Permission.BROADCASTS_SEND,
        order=30,
    )
    register_search(
        "broadcasts",
        SearchSource(_("Broadcasts"), find_broadcasts, Permission.BROADCASTS_VIEW, order=40),
    )
    register_invariants(*BROADCASTS, *CHAT)
