"""What orders keep about a member."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from members.erasure.ports import Holding
from members.erasure.rules import Kind, Trace
from members.orders.models import Order, OrderCategory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from members.erasure.ports import Erasing


def _traces(erasing: Erasing) -> Iterator[Trace]:
    rows = Order.objects.filter(brand_id=erasing.brand_id, member__in=erasing.ids)
    for member_id, number in rows.values_list("member_id", "order_no"):
        yield Trace(member_id, Kind.NUMBER, number)


HOLDINGS = (
    Holding(
        model=Order,
        label=_("Orders"),
        fields={
            "order_no": _("Order number"),
            "ordered_at": _("Ordered"),
            "amount_fen": _("Amount (fen)"),
            "quantity": _("Quantity"),
            "channel": _("Channel"),
            "category": _("Category"),
        },
        traces=_traces,
    ),
)
IMPERSONAL = {OrderCategory: "Words by which orders are sorted."}
