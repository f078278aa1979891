"""Fields of the demonstration brand's own, and what a share of its members has in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from integrations.demo import binary, loader, people
from members.custom_fields.models import CustomChoice, CustomField
from members.custom_fields.rules import SCALE

if TYPE_CHECKING:
    from datetime import datetime

    from core.organizations.models import Brand
    from integrations.demo.people import Ints
    from integrations.demo.plan import Plan

OWNER = "owner"
# Choices of what the car is for, with the share of members who said so.
USES = {"家庭出行": 0.16, "通勤代步": 0.13, "自驾旅行": 0.07, "商务接待": 0.03}
SIZE_SHARES = [0.02, 0.06, 0.1, 0.05, 0.02]  # of one, two, … people
INTERESTED, CHANGING, NICKNAMED = 0.1, 0.18, 0.05
MOST_INTERESTS = 4
NICKNAMES = ("露营达人", "老车友", "带娃出行", "周末自驾", "摄影爱好者", "充电桩热心人")
DECLARED: tuple[dict[str, Any], ...] = (
    {"key": "car_use", "label": "购车用途", "kind": "choice", "help": "主要拿这台车做什么"},
    {
        "key": "family_size",
        "label": "家庭人数",
        "kind": "number",
        "low": SCALE,
        "high": 20 * SCALE,
        "help": "常住在一起的人数",
    },
    {"key": "interested_in", "label": "兴趣车型", "kind": "choices", "help": "聊过、试过或问过的"},
    {
        "key": "next_change",
        "label": "下次置换日期",
        "kind": "date",
        "help": "车主自己说的大致日期",
    },
    {
        "key": "nickname",
        "label": "备注昵称",
        "kind": "text",
        "max_length": 20,
        "data_class": "personal",
        "help": "群里怎么称呼，仅内部可见",
    },
)


def load(*, brand: Brand, plan: Plan, ids: Ints, now: datetime) -> None:
    """Declare the fields and COPY the values. Draws by itself, so that nobody else changes."""
    rng = np.random.default_rng(plan.seed + 7)
    fields = {
        values["key"]: CustomField.objects.using(OWNER).create(
            brand=brand, position=position, created_at=now, **values
        )
        for position, values in enumerate(DECLARED)
    }
    uses = people.split(count=len(ids), shares=list(USES.values()), rng=rng)
    for choice, who in zip(_choices(fields["car_use"], list(USES)), uses, strict=True):
        _give(fields["car_use"], ids[who], choice_id=binary.int8(choice.pk))
    for size, who in enumerate(people.split(count=len(ids), shares=SIZE_SHARES, rng=rng), start=1):
        _give(fields["family_size"], ids[who], number=binary.int8(size * SCALE))
    models = [name for _code, name in plan.brand.models][:MOST_INTERESTS]
    for choice in _choices(fields["interested_in"], models):
        who = people.holders(count=len(ids), share=INTERESTED, rng=rng)
        _give(fields["interested_in"], ids[who], slot=choice.pk, choice_id=binary.int8(choice.pk))
    who = people.holders(count=len(ids), share=CHANGING, rng=rng)
    days = people.today_of(now) + rng.integers(-60, 900, len(who))
    _give(fields["next_change"], ids[who], day=binary.date(days))
    shares = [NICKNAMED / len(NICKNAMES)] * len(NICKNAMES)
    named = people.split(count=len(ids), shares=shares, rng=rng)
    for nickname, who in zip(NICKNAMES, named, strict=True):
        _give(fields["nickname"], ids[who], text=binary.text(nickname))


def _choices(field: CustomField, labels: list[str]) -> list[CustomChoice]:
    return CustomChoice.objects.using(OWNER).bulk_create(
        CustomChoice(brand_id=field.brand_id, field=field, label=label, position=position)
        for position, label in enumerate(labels)
    )


def _give(field: CustomField, members: Ints, *, slot: int = 0, **value: binary.Column) -> None:
    empty = {
        "text": binary.text(None),
        "number": binary.int8(None),
        "day": binary.date(None),
        "choice_id": binary.int8(None),
    }
    loader.copy_columns(
        table="members_customvalue",
        count=len(members),
        columns={
            "brand_id": binary.int8(field.brand_id),
            "member_id": binary.int8(members),
            "field_id": binary.int8(field.pk),
            "slot": binary.int8(slot),
            **(empty | value),
        },
    )
