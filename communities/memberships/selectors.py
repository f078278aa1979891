from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from communities.memberships.models import Membership
from members.members import selectors as members
from members.privacy.models import Consent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models import QuerySet

    from core.kernel.access import Viewer
    from members.profiles.models import Member


def find_members(*, typed: str, viewer: Viewer, limit: int = 8) -> list[Member]:
    """Return the newest members who are meant by what was typed, as in the list of members."""
    if not typed.strip():
        return []
    rows = members.narrowed(viewer=viewer, chosen={}, query=typed)
    return list(rows.select_related("home_dealer").order_by("-pk")[:limit])


def seats(*, viewer: Viewer) -> QuerySet[Membership]:
    """Return seats that are taken, with whom and where."""
    return (
        Membership.objects.visible_to(viewer)
        .filter(left_at=None)
        .select_related("member", "room", "community")
    )


def marked(seats: Iterable[Membership]) -> list[Membership]:
    """Return the seats of a page, ``has_withdrawn`` where consent to invitations was taken back.

    One query, by whom the page shows: the planner might look at all consents for a sub-select.
    """
    found = list(seats)
    refused = set[int]()
    if found:
        rows = Consent.objects.filter(
            brand_id=found[0].brand_id,
            member_id__in=[seat.member_id for seat in found],
            purpose=Consent.Purpose.COMMUNITY,
            withdrawn_at__isnull=False,
        )
        refused = set(rows.values_list("member_id", flat=True))
    for seat in found:
        seat.has_withdrawn = seat.member_id in refused
    return found


def seats_in(*, viewer: Viewer, community_id: int, typed: str = "") -> QuerySet[Membership]:
    """Return a community's taken seats, of those people who match what was typed."""
    found = seats(viewer=viewer).filter(community=community_id)
    if not typed.strip():
        return found
    people = members.narrowed(viewer=viewer, chosen={}, query=typed)
    return found.filter(member__in=people.values("pk"))


def seats_of_member(*, member: Member, viewer: Viewer) -> Sequence[Membership]:
    """Return a member's seats, those taken first, then those given up, newest first."""
    rows = (
        Membership.objects.visible_to(viewer)
        .filter(member=member)
        .select_related("room", "community")
        .order_by("-pk")[:50]
    )
    return sorted(rows, key=lambda seat: seat.left_at is not None)


def rooms_of_members(*, ids: Sequence[int], viewer: Viewer) -> dict[int, list[tuple[str, str]]]:
    """Return name and address of the rooms in which members sit, the last joined first."""
    found: dict[int, list[tuple[str, str]]] = {}
    rows = seats(viewer=viewer).filter(member__in=ids).order_by("member", "-joined_at", "-id")
    for member_id, name, room_id in rows.values_list("member_id", "room__name", "room_id"):
        place = reverse("communities:rooms-detail", args=[room_id])
        found.setdefault(member_id, []).append((name, place))
    return found


def leaders_of(*, room_id: int, viewer: Viewer) -> list[Membership]:
    """Return who leads a room: owner, president, admins."""
    rows = seats(viewer=viewer).filter(room_id=room_id).exclude(role=Membership.Role.MEMBER)
    return list(rows.order_by("pk")[:20])
