"""What identities keep about a member."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from members.erasure.ports import Holding
from members.erasure.rules import Kind, Trace
from members.identities.models import Identity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from members.erasure.ports import Erasing


def _traces(erasing: Erasing) -> Iterator[Trace]:
    rows = Identity.objects.filter(brand_id=erasing.brand_id, member__in=erasing.ids)
    for member_id, value in rows.values_list("member_id", "value"):
        yield Trace(member_id, Kind.NUMBER, value)


HOLDINGS = (
    Holding(
        model=Identity,
        label=_("Names in other systems"),
        fields={"kind": _("Kind"), "value": _("Name"), "created_at": _("Since")},
        traces=_traces,
    ),
)
