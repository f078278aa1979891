"""What core itself can find: dealers and staff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.urls import reverse

from core.kernel.access import Permission, Viewer
from core.organizations.models import Dealer
from core.search.ports import Hit
from core.staff.models import Staff

if TYPE_CHECKING:
    from collections.abc import Sequence


def find_dealers(*, query: str, viewer: Viewer, limit: int) -> Sequence[Hit]:
    """Find dealers by code or by any part of their name.

    A brand has a few thousand dealers at most, so that reading them all is cheap.
    """
    rows = Dealer.objects.visible_to(viewer).filter(
        Q(code__istartswith=query) | Q(name__icontains=query)
    )
    return [
        Hit(
            url=reverse("core:organization-dealer", args=[dealer.pk]),
            label=dealer.name,
            detail=f"{dealer.city.short_name} · {dealer.code}",
            icon="store",
        )
        for dealer in rows.select_related("city").order_by("name", "pk")[:limit]
    ]


def find_staff(*, query: str, viewer: Viewer, limit: int) -> Sequence[Hit]:
    """Find people by any part of their name or by how their user name begins."""
    rows = Staff.objects.visible_to(viewer).filter(
        Q(username__startswith=query.lower()) | Q(display_name__icontains=query)
    )
    may_open, everybody = viewer.may(Permission.STAFF_EDIT), reverse("core:staff-list")
    return [
        Hit(
            url=reverse("core:staff-detail", args=[person.pk]) if may_open else everybody,
            label=person.display_name,
            detail=person.username,
            icon="user",
        )
        for person in rows.order_by("-is_active", "display_name", "pk")[:limit]
    ]
