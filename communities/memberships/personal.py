"""What communities keep about a member: their seats, now and before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from communities.memberships.models import Membership
from members.erasure.ports import Holding
from members.erasure.rules import Kind, Trace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from members.erasure.ports import Erasing


def _rooms(erasing: Erasing) -> Iterator[Trace]:
    """Where others may have written about them."""
    rows = Membership.objects.filter(brand_id=erasing.brand_id, member__in=erasing.ids)
    for member_id, room_id in rows.order_by().values_list("member_id", "room_id").distinct():
        yield Trace(member_id, Kind.PLACE, f"room {room_id}")


HOLDINGS = (
    Holding(
        model=Membership,
        label=_("Communities"),
        fields={
            "community__name": _("Community"),
            "room__name": _("Room"),
            "role": _("Role"),
            "source": _("Source"),
            "joined_at": _("Joined"),
            "left_at": _("Left"),
        },
        traces=_rooms,
    ),
)
