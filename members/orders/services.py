from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel import days
from core.kernel.errors import DomainError, InvalidInput
from core.kernel.scoping import CrossBrand
from members.orders.models import Order
from members.profiles import ports

if TYPE_CHECKING:
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.profiles.models import Member

MAX_FEN = 10**13


class OrderExists(DomainError):
    """The order number is taken by an order of other content."""

    code = "order_exists"


@transaction.atomic
def record_order(
    *,
    order_no: str,
    member: Member,
    ordered_at: datetime,
    amount_fen: int,
    quantity: int = 1,
    channel: str = "",
    actor: Viewer,
    now: datetime,
) -> tuple[Order, bool]:
    """Record a purchase once per order number; return it and whether it is new.

    The same order again returns what is there. Two callers at once get one order.

    Raises:
        OrderExists: the number belongs to an order that differs.
        InvalidInput: the amount or the quantity is out of range, or the day lies ahead.
    """
    if member.brand_id != actor.brand_id:
        raise CrossBrand(_("These records belong to different brands."))
    if not 0 <= amount_fen <= MAX_FEN:
        raise InvalidInput.on("/amount_fen", _("The amount must be between 0 and 10^13 fen."))
    days.require_past(ordered_at, now=now, pointer="/ordered_at")
    if quantity < 0:
        raise InvalidInput.on("/quantity", _("The quantity must not be negative."))
    content = {
        "member_id": member.pk,
        "ordered_at": ordered_at,
        "amount_fen": amount_fen,
        "quantity": quantity,
        "channel": channel,
    }
    order, is_new = Order.objects.get_or_create(
        brand_id=actor.brand_id, order_no=order_no, defaults=content
    )
    if is_new:
        ports.facts_changed(brand_id=actor.brand_id, member_ids=[member.pk], now=now)
        audit.record(
            action="order.recorded",
            subject=order,
            actor=actor,
            now=now,
            data={"amount_fen": amount_fen},  # The number is the buyer's and goes with them.
        )
    elif any(getattr(order, name) != value for name, value in content.items()):
        raise OrderExists(
            _("Order %(number)s is recorded already, with other content.") % {"number": order_no},
            order_id=order.pk,
        )
    return order, is_new
