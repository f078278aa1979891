"""A member's orders, as the member's page and their file know them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from core.kernel.access import Permission
from core.kernel.errors import NotFound
from core.lists.ports import Column, ListSource
from members.orders import selectors
from members.orders.forms import OrderFilterForm
from members.orders.rules import category_asked
from members.profiles.models import Member

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from core.kernel.access import Viewer
    from members.orders.models import Order


def rows(*, viewer: Viewer, query: Any, now: datetime) -> QuerySet[Order]:
    """Return the orders of the member that the address names, all or those of one category.

    Raises:
        NotFound: there is no such member in sight.
    """
    number = query.get("member", "")
    known = number.isascii() and number.isdecimal() and len(number) < 19
    member = Member.objects.visible_to(viewer).filter(pk=number).first() if known else None
    if member is None:
        raise NotFound
    category = category_asked(query.get("category", ""))
    return selectors.orders_of(member=member, category=category)


def cells(orders: Sequence[Order], _viewer: Viewer) -> Iterator[list[Any]]:
    """Draw orders; amounts in yuan."""
    for order in orders:
        yield [
            order.order_no,
            order.ordered_at,
            order.channel,
            order.category,
            order.quantity,
            order.amount_fen / 100,
        ]


ORDERS = ListSource(
    label=_("Orders"),
    place="members:members-orders",
    permission=Permission.MEMBERS_VIEW,
    rows=rows,
    columns=(
        Column("number", _("Order number")),
        Column("ordered", _("Ordered")),
        Column("channel", _("Channel")),
        Column("category", _("Category")),
        Column("quantity", _("Quantity")),
        Column("amount", _("Amount (yuan)")),
    ),
    cells=cells,
    form=lambda query, _viewer: OrderFilterForm(query),
    unit="orders",
    order="-ordered_at",
    parents={"member": "member_id"},
)
