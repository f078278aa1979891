from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel import days
from core.kernel.errors import DomainError, InvalidInput
from core.kernel.scoping import CrossBrand
from members.orders.models import Order, OrderCategory
from members.orders.rules import LONGEST_CATEGORY, NotACategory, category_in_order
from members.profiles import ports
from members.profiles.rules import NUMBER_LENGTH, NotANumber, normalized_number

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.profiles.models import Member

MAX_FEN = 10**13
# Words beyond these are kept with their orders, and suggested no more.
MOST_CATEGORIES = 400


class OrderExists(DomainError):
    """The order number is taken by an order of other content."""

    code = "order_exists"


@dataclass(frozen=True, slots=True)
class Purchase:
    """What the selling system tells of an order."""

    order_no: str
    ordered_at: datetime
    amount_fen: int
    quantity: int = 1
    channel: str = ""
    category: str = ""


@transaction.atomic
def record_order(
    *, purchase: Purchase, member: Member, actor: Viewer, now: datetime
) -> tuple[Order, bool]:
    """Record a purchase once per order number; return it and whether it is new.

    The same order again returns what is there. Two callers at once get one order.

    Raises:
        OrderExists: the number belongs to an order that differs.
        InvalidInput: the number is none, the amount or the quantity is out of range, the day lies
            ahead, or the category is no word.
    """
    if member.brand_id != actor.brand_id:
        raise CrossBrand(_("These records belong to different brands."))
    if not 0 <= purchase.amount_fen <= MAX_FEN:
        raise InvalidInput.on("/amount_fen", _("The amount must be between 0 and 10^13 fen."))
    days.require_past(purchase.ordered_at, now=now, pointer="/ordered_at")
    if purchase.quantity < 0:
        raise InvalidInput.on("/quantity", _("The quantity must not be negative."))
    number = _number(purchase.order_no)
    content = asdict(purchase) | {
        "member_id": member.pk,
        "category": _category(purchase.category),
    }
    del content["order_no"]
    order, is_new = Order.objects.get_or_create(
        brand_id=actor.brand_id, order_no=number, defaults=content
    )
    if is_new:
        learn_categories(brand_id=actor.brand_id, names=[order.category])
        ports.facts_changed(brand_id=actor.brand_id, member_ids=[member.pk], now=now)
        audit.record(
            action="order.recorded",
            subject=order,
            actor=actor,
            now=now,
            # The number is the buyer's and goes with them.
            data={"amount_fen": purchase.amount_fen},
        )
    elif any(getattr(order, name) != value for name, value in content.items()):
        raise OrderExists(
            _("Order %(number)s is recorded already, with other content.") % {"number": number},
            order_id=order.pk,
        )
    return order, is_new


def learn_categories(*, brand_id: int, names: Iterable[str]) -> None:
    """Keep which words the brand sorts orders by, so that they can be suggested. Idempotent.

    Called after the orders were written: two who bring the same new word meet here last, and in
    the same order, so neither waits for the other in a circle.
    """
    wanted = {name for name in names if name}
    known = OrderCategory.objects.filter(brand_id=brand_id)
    new = wanted - set(known.filter(name__in=wanted).values_list("name", flat=True))
    if new:
        room = max(0, MOST_CATEGORIES - known.count())
        rows = [OrderCategory(brand_id=brand_id, name=name) for name in sorted(new)[:room]]
        OrderCategory.objects.bulk_create(rows, ignore_conflicts=True)


def _number(raw: str) -> str:
    """Return the number in the form that files and batches bring it into too."""
    try:
        number = normalized_number(raw)
    except NotANumber:
        number = ""
    if not number:
        text = _("Enter an order number of at most %d readable characters.") % NUMBER_LENGTH
        raise InvalidInput.on("/order_no", text)
    return number


def _category(raw: str) -> str:
    try:
        return category_in_order(raw)
    except NotACategory as error:
        text = _("A category has at most %d characters, all of them visible.") % LONGEST_CATEGORY
        raise InvalidInput.on("/category", text, str(error)) from error
