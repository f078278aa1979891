from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import NoReverseMatch, reverse

from communities.memberships import selectors as membership_selectors
from communities.rooms.models import Room
from core.kernel.access import Permission
from core.kernel.console import ConsoleRequest, console, page_or_partial
from core.kernel.errors import NotFound
from core.kernel.paging import keyset_page

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

PAGE_SIZE = 50


@console(Permission.COMMUNITIES_VIEW)
def rooms_detail(request: ConsoleRequest, room_id: int) -> HttpResponseBase:
    """Show a room: how full it is and who sits in it, the newest first."""
    viewer = request.viewer
    room = (
        Room.objects.visible_to(viewer)
        .select_related("community", "community__dealer")
        .filter(pk=room_id)
        .first()
    )
    if room is None:
        raise NotFound
    page = keyset_page(
        membership_selectors.seats(viewer=viewer).filter(room=room),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        limit=PAGE_SIZE,
    )
    context = {
        "room": room,
        "community": room.community,
        "leaders": membership_selectors.leaders_of(room_id=room.pk, viewer=viewer),
        "free_seats": room.cap - room.member_count,
        "rows": membership_selectors.marked(page.rows),
        "next": page.next,
        "previous": page.previous,
        "may_edit": room.state == Room.State.OPEN and viewer.may(Permission.COMMUNITIES_EDIT),
        "chat_url": chat_url(room),
    }
    name = "communities/rooms"
    return page_or_partial(request, f"{name}/detail.html", f"{name}/_people.html", context)


def chat_url(room: Room) -> str:
    """Return the page of the room's conversation, or nothing where it is not installed."""
    try:
        return reverse("communities:chat-room", args=[room.pk])
    except NoReverseMatch:
        return ""
