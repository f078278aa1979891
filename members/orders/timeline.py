"""Purchases, on a member's timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.kernel import formats
from members.orders.models import Order
from members.timeline.ports import Entry, TimelineSource
from members.timeline.selectors import rows_before

if TYPE_CHECKING:
    from core.kernel.access import Viewer
    from members.profiles.models import Member
    from members.timeline.rules import Before

ORDER = "order"


def orders(*, member: Member, viewer: Viewer, before: Before, limit: int) -> list[Entry]:
    """Tell what a member bought."""
    rows = Order.objects.filter(brand_id=member.brand_id, member_id=member.pk)
    found = rows_before(rows=rows, at="ordered_at", before=before, limit=limit)
    place = reverse("members:members-orders", args=[member.pk])
    return [
        Entry(
            order.ordered_at,
            ORDER,
            order.pk,
            "order.placed",
            _("Ordered for %(amount)s") % {"amount": formats.yuan(order.amount_fen)},
            _detail(order),
            url=place,
            data={
                "order": order.pk,
                "amount_fen": order.amount_fen,
                "quantity": order.quantity,
                "category": order.category,
            },
        )
        for order in found
    ]


def _detail(order: Order) -> str:
    parts = [order.order_no, order.category, order.channel_label]
    if order.quantity > 1:
        parts.append(_("%(n)s items") % {"n": formats.grouped(order.quantity)})
    return " · ".join(part for part in parts if part)


SOURCES = {ORDER: TimelineSource(gettext_lazy("Orders"), "cart", orders, order=10)}
