"""What a brand's own fields keep about a member."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from members.custom_fields import rules, selectors, setting
from members.custom_fields.models import CustomChoice, CustomField, CustomValue
from members.erasure.ports import Holding
from members.erasure.services import notes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from members.erasure.ports import Asked


def _tell(asked: Asked) -> Iterator[dict[str, Any]]:
    brand_id, member_id = asked.brand_id, asked.member_id
    fields = selectors.specs(brand_id=brand_id, with_archived=True)
    held = selectors.values_of(brand_id=brand_id, member_ids=[member_id], fields=fields)
    for spec in fields:
        if spec.key in held[member_id]:
            yield {"field": spec.label, "value": rules.shown(spec, held[member_id][spec.key])}


HOLDINGS = (
    Holding(
        model=CustomValue,
        label=_("Custom fields"),
        tell=_tell,
        fields={"field": _("Field"), "value": _("Value")},
    ),
)
SEARCHES = (
    notes_of(
        model=CustomValue,
        columns=("text",),
        key=("member_id", "field_id", "slot"),
        changed=setting.turn_over,
    ),
)
IMPERSONAL = {
    CustomField: "What the brand asks of everybody.",
    CustomChoice: "Answers that the brand offers to everybody.",
}
