from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from events.points.models import Ledger, PointsBalance, PointsEntry

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from core.kernel.access import Viewer
    from members.profiles.models import Member


class Account(NamedTuple):
    """What a member has in one ledger."""

    ledger: str
    label: str
    held: PointsBalance


def accounts_of(*, member: Member) -> list[Account]:
    """Return both ledgers of a member; who never had an entry has nothing in them."""
    rows = PointsBalance.objects.filter(brand_id=member.brand_id, member=member)
    held = {row.ledger: row for row in rows}
    return [
        Account(
            ledger.value,
            str(ledger.label),
            held.get(ledger.value)
            or PointsBalance(brand_id=member.brand_id, member=member, ledger=ledger.value),
        )
        for ledger in (Ledger.POINTS, Ledger.CONTRIBUTION)
    ]


def entries(*, viewer: Viewer) -> QuerySet[PointsEntry]:
    """Return the entries in sight, each with its member."""
    return PointsEntry.objects.visible_to(viewer).select_related("member")


def entries_of(*, member: Member) -> QuerySet[PointsEntry]:
    """Return a member's entries."""
    return PointsEntry.objects.filter(brand_id=member.brand_id, member=member)
