"""What rooms put on the workbench: how full the viewer's rooms are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count, F, Q, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from communities.communities.selectors import near_cap
from communities.rooms.models import Room
from core.workbench.ports import Figure, Panel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.kernel.access import Viewer

PANEL_SIZE = 5


def room_figures(*, viewer: Viewer, now: datetime) -> Sequence[Figure]:
    """Return open rooms, seats taken in them, and how many are nearly full."""
    del now
    rooms = Room.objects.visible_to(viewer).filter(state=Room.State.OPEN)
    told = rooms.aggregate(
        rooms=Count("pk"),
        people=Sum("member_count"),
        near=Count("pk", filter=Q(near_cap(brand_id=viewer.brand_id))),
    )
    here = reverse("communities:communities-list")
    return [
        Figure(_("People in rooms"), told["people"] or 0, url=here),
        Figure(
            _("Rooms nearly full"),
            told["near"],
            hint=_("The next room opens by itself"),
            url=f"{here}?near_cap=on",
        ),
    ]


def fullest_rooms(*, viewer: Viewer, now: datetime) -> Panel | None:
    """Draw the rooms with the fewest seats left; none is no card."""
    del now
    rooms = Room.objects.visible_to(viewer).filter(
        near_cap(brand_id=viewer.brand_id), member_count__lt=F("cap")
    )
    fullest = list(rooms.order_by(F("cap") - F("member_count"), "pk")[:PANEL_SIZE])
    if not fullest:
        return None
    return Panel("communities/rooms/_fullest_panel.html", {"rooms": fullest})
