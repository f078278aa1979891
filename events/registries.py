"""What events put into the registries of core and members."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.audit.ports import register_actions
from core.data_inventory.ports import register_holdings
from core.kernel.access import Permission
from core.kernel.invariants import register_invariants
from core.kernel.navigation import NavItem
from core.kernel.navigation import register as register_places
from core.lists.ports import register_list
from events.data_classes import HOLDINGS
from events.points import personal as points_kept
from events.points.criteria import POINTS_CRITERIA
from events.points.holdings import BALANCES, ENTRIES
from events.points.invariants import INVARIANTS as POINTS
from events.points.listing import ENTRY_LIST, MEMBER_ENTRIES
from events.points.sections import PANEL as POINTS_PANEL
from events.points.timeline import SOURCES as POINTS_TOLD
from members.erasure import ports as erasure
from members.merging.ports import register_moved_rows
from members.profiles.ports import register_panel
from members.segments.ports import register_criteria
from members.timeline.ports import register_timeline_source


def register() -> None:
    """Fill the registries; called from ``EventsConfig.ready``."""
    register_holdings(*HOLDINGS)
    _register_points()


def _register_points() -> None:
    place = NavItem(
        pgettext_lazy("ledger", "Points"),
        "events:points-list",
        "gift",
        Permission.POINTS_VIEW,
        order=60,
    )
    register_places(place)
    register_criteria(*POINTS_CRITERIA)
    register_invariants(*POINTS)
    register_moved_rows(ENTRIES, BALANCES)
    register_panel("points", POINTS_PANEL)
    register_list("points-entries", ENTRY_LIST)
    register_list("points-of-member", MEMBER_ENTRIES)
    erasure.register_holdings(*points_kept.HOLDINGS)
    for kind, told in POINTS_TOLD.items():
        register_timeline_source(kind, told)
    register_actions(
        {
            "points.posted": _("posted points (%(amount)s) of"),
            "points.adjusted": _("adjusted the points (%(amount)s) of"),
            "points.reversed": _("reversed points (%(amount)s) of"),
            "points.confirmed": _("confirmed points (%(amount)s) of"),
            "points.cancelled": _("cancelled points (%(amount)s) of"),
            "points.batch": _("brought in %(created)s movements of points into"),
        }
    )
