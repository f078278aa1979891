"""The people of a community or of one room, as their pages and their file know them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from communities.communities.models import Community
from communities.memberships import selectors
from communities.rooms.models import Room
from core.kernel import formats
from core.kernel.access import Permission
from core.kernel.errors import NotFound
from core.lists.ports import Column, ListSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from communities.memberships.models import Membership
    from core.kernel.access import Viewer

COLUMNS = (
    Column("name", _("Member")),
    Column("phone", _("Phone")),
    Column("community", _("Community")),
    Column("room", _("Room")),
    Column("role", _("Role")),
    Column("source", _("How they came")),
    Column("joined", _("Joined")),
    Column("consent", _("Consent")),
)


def _named(query: Any, name: str, rows: Any) -> int:
    """Return the number of the row that the address names, if it is in sight."""
    number = query.get(name, "")
    known = number.isascii() and number.isdecimal() and len(number) < 19
    if not known or not rows.filter(pk=number).exists():
        raise NotFound
    return int(number)


def of_community(*, viewer: Viewer, query: Any, now: datetime) -> QuerySet[Membership]:
    """Return the taken seats of the community that the address names.

    Raises:
        NotFound: there is no such community in sight.
    """
    community_id = _named(query, "community", Community.objects.visible_to(viewer))
    return selectors.seats_in(viewer=viewer, community_id=community_id, typed=query.get("q", ""))


def of_room(*, viewer: Viewer, query: Any, now: datetime) -> QuerySet[Membership]:
    """Return the taken seats of the room that the address names.

    Raises:
        NotFound: there is no such room in sight.
    """
    room_id = _named(query, "room", Room.objects.visible_to(viewer))
    return selectors.seats(viewer=viewer).filter(room=room_id)


def cells(seats: Sequence[Membership], _viewer: Viewer) -> Iterator[list[Any]]:
    """Draw seats with who sits in them, masked."""
    for seat in selectors.marked(seats):
        yield [
            formats.masked_name(seat.member.display_name),
            seat.member.phone_masked,
            seat.community.name,
            seat.room.name,
            seat.get_role_display(),
            seat.get_source_display(),
            seat.joined_at,
            _("withdrawn") if seat.has_withdrawn else "",
        ]


COMMUNITY_MEMBERS = ListSource(
    label=_("Members of a community"),
    place="communities:communities-members",
    permission=Permission.COMMUNITIES_VIEW,
    rows=of_community,
    columns=COLUMNS,
    cells=cells,
    unit="people",
    searches=("q",),
    parents={"community": "community_id"},
)
ROOM_MEMBERS = ListSource(
    label=_("People of a room"),
    place="communities:rooms-detail",
    permission=Permission.COMMUNITIES_VIEW,
    rows=of_room,
    columns=COLUMNS,
    cells=cells,
    unit="people",
    parents={"room": "room_id"},
)
