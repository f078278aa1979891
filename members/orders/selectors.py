from __future__ import annotations

from typing import TYPE_CHECKING

from members.orders.models import Order, OrderCategory

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from members.profiles.models import Member


def categories_in_use(brand_id: int) -> list[str]:
    """Return the words by which the brand has sorted orders, in order; at most a few hundred."""
    rows = OrderCategory.objects.filter(brand_id=brand_id).order_by("name")
    return list(rows.values_list("name", flat=True))


def orders_of(*, member: Member, category: str = "") -> QuerySet[Order]:
    """Return a member's orders, all or those of one category."""
    rows = Order.objects.filter(brand_id=member.brand_id, member=member)
    return rows.filter(category=category) if category else rows


def categories_of(*, member: Member) -> list[str]:
    """Return the categories that a member's orders have, in order."""
    rows = orders_of(member=member).exclude(category="").order_by("category")
    return list(rows.values_list("category", flat=True).distinct())
