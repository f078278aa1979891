"""Which open communities suit a member's stage: what the lifecycle of members asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, Value, When
from django.urls import reverse

from communities.communities.models import Community
from communities.memberships.models import Membership
from communities.policies.models import Kind
from communities.rooms.models import Room
from members.lifecycle.ports import Circle, Recommended

if TYPE_CHECKING:
    from core.kernel.access import Viewer
    from members.profiles.models import Member

MOST = 3


def recommend(*, member: Member, circle: Circle, viewer: Viewer) -> list[Recommended]:
    """Return the communities that are open and suit best, those nearby first.

    One is open that is active and has a free seat, or holds a seat of the member's already.
    """
    here = {"brand_id": member.brand_id, "community": OuterRef("pk")}
    seat = Membership.objects.filter(**here, member_id=member.pk, left_at=None)
    free = Room.objects.filter(**here, state=Room.State.OPEN, member_count__lt=F("cap"))
    rows: Any = (
        Community.objects.visible_to(viewer)
        .filter(_suits(member, circle), state=Community.State.ACTIVE)
        .annotate(is_in=Exists(seat), has_room=Exists(free), distance=_distance(member))
        .filter(Q(is_in=True) | Q(has_room=True))
        .order_by("-is_in", "distance", "-pk")
    )
    return [
        Recommended(
            one.name, reverse("communities:communities-detail", args=[one.pk]), one.kind, one.is_in
        )
        for one in rows[:MOST]
    ]


def _suits(member: Member, circle: Circle) -> Q:
    """Return the condition; a place that is not the member's does not suit."""
    near = Q(dealer=None) | Q(dealer=member.home_dealer_id)
    near &= Q(city=None) | Q(city=member.city_id)
    if circle is Circle.REGIONAL:
        return near & Q(kind=Kind.SERVICE) & (Q(dealer__isnull=False) | Q(city__isnull=False))
    if circle is Circle.INTEREST:
        return near & Q(kind=Kind.SERVICE) & ~Q(topic="")
    return near & Q(kind=Kind.CORE)


def _distance(member: Member) -> Case:
    return Case(
        When(dealer=member.home_dealer_id, dealer__isnull=False, then=Value(0)),
        When(city=member.city_id, city__isnull=False, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
