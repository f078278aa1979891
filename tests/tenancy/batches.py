"""Entries of batches: what one call brings names rows of the scope."""

from __future__ import annotations

from itertools import count

from core.kernel.scoping import tenant
from members.vehicles.models import VehicleModel
from tests.factories.members import MemberFactory
from tests.tenancy.members import make_member
from tests.tenancy.samples import listing
from tests.tenancy.tags import tag

number = count(1)


def known_member(scope):
    """The customer number of a new member of the scope."""
    number_ = f"{scope.canary}-B{next(number)}"
    MemberFactory(
        brand=scope.brand,
        home_dealer=scope.dealer,
        display_name=f"{scope.canary} {number_}",
        customer_no=number_,
    )
    return number_


def member_rows(scope):
    """A new member with the scope's dealer; to other brands no dealer has this name."""
    row_ = {"customer_no": f"N{next(number)}", "home_dealer": scope.dealer.name}
    return {"rows": [row_]}


def vehicle_rows(scope):
    code = f"B{next(number)}"
    with tenant(scope.brand.pk):
        VehicleModel.objects.create(brand=scope.brand, code=code, name=code)
    row_ = {"vin": "LSVAU2A30N2123456", "model": code, "delivered_on": "2026-03-01"}
    row_ |= {"customer_no": known_member(scope)}
    return {"rows": [row_], "is_domestic": False}


def order_rows(scope):
    row_ = {"order_no": f"B{next(number)}", "amount_fen": 100}
    row_ |= {"ordered_at": "2026-03-01T10:00:00+08:00", "customer_no": known_member(scope)}
    return {"rows": [row_]}


def tag_rows(scope):
    given = tag(scope)["tag_id"]
    return {"rows": [{"member": make_member(scope).pk, "give": [given]}]}


ROUTES = {
    "api:members:members-batch-list": listing(refers=member_rows),
    "api:members:vehicles-batch-list": listing(refers=vehicle_rows),
    "api:members:orders-batch-list": listing(refers=order_rows),
    "api:members:member-tags-batch-list": listing(refers=tag_rows),
}
