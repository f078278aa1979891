"""Points as programs post them: through the service, so that the balances follow."""

from itertools import count

from django.utils import timezone

from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from events.points import services
from events.points.models import PointsBalance
from events.points.rules import Wanted

number = count(1)


def post(member, amount, kind=None, *, now=None, **values):
    """Post a movement of a member's points and return the entry."""
    wanted = {
        "ledger": "points",
        "kind": kind or ("earn" if amount > 0 else "spend"),
        "amount": amount,
        "source": "test",
        "source_id": f"n{next(number)}",
        **values,
    }
    with tenant(member.brand_id):
        return services.post(
            member=member,
            wanted=Wanted(**wanted),
            actor=system_viewer(member.brand_id),
            now=now or timezone.now(),
        ).entry


def balance(member, ledger="points"):
    """What a member has, read from the row."""
    with tenant(member.brand_id):
        rows = PointsBalance.objects.filter(member_id=member.pk, ledger=ledger)
        return rows.values_list("balance", flat=True).first() or 0
