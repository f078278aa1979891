"""What identities keep about a member."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from core.kernel.formats import masked_tail
from members.erasure.ports import Holding
from members.erasure.rules import Kind, Trace
from members.identities.models import Identity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from members.erasure.ports import Asked, Erasing


def _traces(erasing: Erasing) -> Iterator[Trace]:
    rows = Identity.objects.filter(brand_id=erasing.brand_id, member__in=erasing.ids)
    for member_id, value in rows.values_list("member_id", "value"):
        yield Trace(member_id, Kind.NUMBER, value)


def _tell(asked: Asked) -> Iterator[dict[str, Any]]:
    rows = Identity.objects.filter(brand_id=asked.brand_id, member_id=asked.member_id)
    for row in rows.order_by("pk"):
        yield {
            "kind": Identity.Kind(row.kind).label,
            "value": row.value if asked.whole else masked_tail(row.value),
            "created_at": row.created_at,
        }


HOLDINGS = (
    Holding(
        model=Identity,
        label=_("Names in other systems"),
        fields={"kind": _("Kind"), "value": _("Name"), "created_at": _("Since")},
        tell=_tell,
        traces=_traces,
    ),
)
