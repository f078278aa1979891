from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.urls import reverse

from communities.memberships.models import Membership
from core.kernel import crypto
from members.privacy.models import Consent
from members.profiles.models import Member
from members.profiles.rules import NotAPhone, normalized_phone

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models import QuerySet

    from core.kernel.access import Viewer

PHONE_TAIL = 4
MOST_FOUND = 50


def find_members(*, typed: str, viewer: Viewer, limit: int = 8) -> list[Member]:
    """Return members by full phone, phone tail, customer number or the start of a name.

    Every way is an index lookup; the whole phone is looked up by its hash, never compared.
    """
    typed = typed.strip()
    if not typed or "\0" in typed:
        return []
    rows = Member.objects.visible_to(viewer).select_related("home_dealer")
    found = list(rows.filter(_condition(typed, viewer)).order_by("-pk")[:limit])
    if len(found) < limit:
        named = rows.filter(display_name__prefix=typed).exclude(pk__in=[m.pk for m in found])
        found += named.order_by("display_name")[: limit - len(found)]
    return found


def _condition(typed: str, viewer: Viewer) -> Q:
    condition = Q(customer_no=typed)
    if len(typed) == PHONE_TAIL and typed.isascii() and typed.isdecimal():
        condition |= Q(phone_tail=typed)
    try:
        phone = normalized_phone(typed)
    except NotAPhone:
        return condition
    return condition | Q(
        phone_hash=crypto.lookup_hash(brand_id=viewer.brand_id, kind="phone", value=phone)
    )


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
    people = find_members(typed=typed, viewer=viewer, limit=MOST_FOUND)
    return found.filter(member__in=people)


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
