"""A community's rooms, as its page and their file know them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from communities.communities.models import Community
from communities.rooms.models import Room
from core.kernel.access import Permission
from core.kernel.errors import NotFound
from core.lists.ports import Column, ListSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from core.kernel.access import Viewer


def rows(*, viewer: Viewer, query: Any, now: datetime) -> QuerySet[Room]:
    """Return the rooms of the community that the address names.

    Raises:
        NotFound: there is no such community in sight.
    """
    number = query.get("community", "")
    known = number.isascii() and number.isdecimal() and len(number) < 19
    if not known or not Community.objects.visible_to(viewer).filter(pk=number).exists():
        raise NotFound
    return Room.objects.visible_to(viewer).filter(community=number).select_related("community")


def cells(rooms: Sequence[Room], _viewer: Viewer) -> Iterator[list[Any]]:
    """Draw rooms."""
    for room in rooms:
        yield [
            room.name,
            room.community.name,
            room.number,
            room.member_count,
            room.cap,
            room.get_state_display(),
            room.created_at,
        ]


ROOMS = ListSource(
    label=_("Rooms"),
    place="communities:communities-detail",
    permission=Permission.COMMUNITIES_VIEW,
    rows=rows,
    columns=(
        Column("name", _("Room")),
        Column("community", _("Community")),
        Column("number", _("Number")),
        Column("people", _("Seats taken")),
        Column("seats", _("Seats")),
        Column("state", _("State")),
        Column("opened", _("Opened")),
    ),
    cells=cells,
    unit="rooms",
    order="number",
    parents={"community": "community_id"},
    is_personal=False,
)
