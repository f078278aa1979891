"""A community as its pages show it: the same header and tabs on each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from communities.communities.services import TAKES_MEMBERS
from core.kernel.access import Permission
from core.kernel.formats import exact, grouped
from core.kernel.navigation import url_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from communities.communities.models import Community
    from communities.rooms.models import Room
    from core.kernel.access import Viewer


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab of a detail page."""

    url: str
    label: str
    is_current: bool
    count: int | None = None


def header(*, community: Any, viewer: Viewer, current: str) -> dict[str, Any]:
    """Return what every page of a community shows on top.

    ``community`` comes from ``selectors.listed``; ``current`` is the route of the tab.
    """
    is_open = community.state in TAKES_MEMBERS
    return {
        "community": community,
        "meta": _meta(community),
        "tabs": _tabs(community, viewer, current),
        "is_open": is_open,
        "may_dissolve": community.state != "archived" and viewer.may(Permission.COMMUNITIES_EDIT),
        "may_edit": is_open and viewer.may(Permission.COMMUNITIES_EDIT),
        "may_broadcast": is_open and viewer.may(Permission.BROADCASTS_SEND),
        "broadcast_url": _broadcast_url(community),
        "free_seats": max(0, community.seats - community.people),
    }


def _meta(community: Any) -> list[tuple[str, str]]:
    people = ngettext("%(n)s person", "%(n)s people", community.people)
    rooms = ngettext("%(n)s room", "%(n)s rooms", community.open_rooms)
    size = " · ".join(
        [
            people % {"n": grouped(community.people)},
            rooms % {"n": grouped(community.open_rooms)},
        ]
    )
    place = community.dealer.name if community.dealer else _("Whole brand")
    told = [("store", place), ("users", size)]
    if community.city and not (community.dealer and community.city.short_name in place):
        told.insert(1, ("pin", community.city.short_name))
    if community.ends_at:
        told.append(("clock", _("Ends %s") % exact(community.ends_at)))
    return told


def _tabs(community: Any, viewer: Viewer, current: str) -> Sequence[Tab]:
    usual: list[tuple[str, str, int | None]] = [
        ("communities-detail", _("Overview"), None),
        ("communities-members", pgettext("community", "Members"), community.people),
        ("communities-policy", _("Policy"), None),
    ]
    if viewer.is_brand_wide:
        usual.append(("communities-builds", _("Build history"), None))
    if viewer.may(Permission.AUDIT_VIEW):
        usual.append(("communities-audit", _("Who did what"), None))
    return [
        Tab(
            reverse(f"communities:{route}", args=[community.pk]),
            label,
            is_current=route == current,
            count=count,
        )
        for route, label, count in usual
    ]


def _broadcast_url(community: Community) -> str:
    address = url_of("communities:broadcasts-new")
    return f"{address}?community={community.pk}" if address else ""


def room_rows(*, rooms: Sequence[Room], alert_percent: int) -> list[dict[str, Any]]:
    """Return rooms with how full they are in words."""
    return [
        {
            "room": room,
            "is_full": room.member_count >= room.cap,
            "is_near": room.member_count * 100 >= room.cap * alert_percent,
            "chat_url": chat_url(room),
        }
        for room in rooms
    ]


def chat_url(room: Room) -> str:
    """Return the page of a room's conversation."""
    return reverse("communities:chat-room", args=[room.pk])
