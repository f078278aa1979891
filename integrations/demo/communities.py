"""What a demonstration brand's communities look like: built, filled and written to.

Made with the product's own services and runs, so that everything that can be looked at in the
console (plans, reasons, tasks, audit) is there as if an operator had done it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection

from communities.broadcasts import delivering
from communities.broadcasts import services as broadcasts
from communities.broadcasts.audience import Audience
from communities.broadcasts.drafts import Draft
from communities.chat import services as chat
from communities.group_building import services as building
from communities.policies.services import install_default_policies
from communities.rooms.models import Room
from core.kernel.access import Viewer, system_viewer
from core.kernel.scoping import tenant
from core.organizations.models import Brand
from integrations.demo.working import work_off
from members.profiles.models import Member
from members.segments.models import Segment

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

LONG_ENOUGH = timedelta(hours=1)
# Segment, kind, grouping, topic: what most brands start with (product.md §4.1 and §3, stages).
RULES = (
    ("新车主 90 天", "service", ("city",), "新车主"),
    ("复购车主", "conversion", ("dealer",), ""),
    ("户外爱好者", "service", ("city",), "露营自驾"),
)
# Beyond so many members only the first rule fills rooms; the previews of the others wait for
# somebody to confirm them.
LARGE = 200_000
NOTICE = Draft(
    name="冬季用车提醒",
    purpose="service",
    body="{群名} 的车主朋友，本周降温，出行前记得检查胎压和电量。有问题在群里说，工程师在线。",
    audience=Audience(kinds=("service",)),
)
TALK = (
    "早上好，今天的话题：冬天你的车续航打几折？",
    "周六上午门店有免费换雨刮和玻璃水，不用预约。",
)
TALKING_ROOMS = 12
SOME_READ = """
    UPDATE communities_membership AS seat
    SET read_seq = room.last_seq - (seat.member_id %% 3 = 0)::int
    FROM communities_room AS room
    WHERE seat.brand_id = %(brand)s AND room.brand_id = seat.brand_id AND room.id = seat.room_id
      AND room.last_seq > 0 AND seat.member_id %% 5 < 3
"""


def build(*, brand_id: int, clock: Callable[[], datetime]) -> int:
    """Install the policies, fill communities by rules, talk in a few; return the rooms."""
    actor = system_viewer(brand_id, "演示数据")
    with tenant(brand_id):
        brand = Brand.objects.get(pk=brand_id)
        install_default_policies(brand=brand, actor=actor, now=clock())
        is_large = Member.objects.filter(brand_id=brand_id)[LARGE : LARGE + 1].exists()
    for number, rule in enumerate(RULES):
        run_id = _plan(*rule, actor=actor, clock=clock)
        if is_large and number:
            continue
        work_off(brand_id=brand_id, clock=clock)
        if run_id is not None:
            _confirm(run_id, actor=actor, clock=clock)
    work_off(brand_id=brand_id, clock=clock)
    _write(actor=actor, clock=clock)
    with tenant(brand_id):
        return Room.objects.filter(brand_id=brand_id).count()


def _plan(
    segment: str,
    kind: str,
    keys: tuple[str, ...],
    topic: str,
    *,
    actor: Viewer,
    clock: Callable[[], datetime],
) -> int | None:
    with tenant(actor.brand_id):
        found = Segment.objects.filter(brand_id=actor.brand_id, name=segment).first()
        if found is None:
            return None
        wanted = building.RuleWanted(
            name=f"{segment} · {'按城市' if 'city' in keys else '按经销商'}",
            kind=kind,
            group_by=keys,
            segment_id=found.pk,
            topic=topic,
        )
        rule = building.create_rule(wanted=wanted, actor=actor, now=clock())
        return building.plan_run(rule_id=rule.pk, actor=actor, now=clock()).pk


def _confirm(run_id: int, *, actor: Viewer, clock: Callable[[], datetime]) -> None:
    with tenant(actor.brand_id):
        try:
            building.confirm_run(run_id=run_id, actor=actor, now=clock())
        except building.NobodyToPlace:
            return  # A tiny brand; the plan stays to be looked at.
    work_off(brand_id=actor.brand_id, clock=clock)


def _write(*, actor: Viewer, clock: Callable[[], datetime]) -> None:
    with tenant(actor.brand_id):
        room_ids = list(
            Room.objects.filter(brand_id=actor.brand_id, member_count__gt=0)
            .order_by("-member_count", "pk")
            .values_list("pk", flat=True)[:TALKING_ROOMS]
        )
        draft = broadcasts.save_draft(draft=NOTICE, actor=actor, now=clock())
    for text in TALK:
        for room_id in room_ids:
            chat.post_message(room_id=room_id, body=text, actor=actor, now=clock())
    try:
        broadcasts.confirm(broadcast_id=draft.pk, actor=actor, now=clock())
    except broadcasts.NothingToSend:
        return  # No service room has people yet; the draft stays.
    delivering.deliver_due(brand_id=actor.brand_id, now=clock(), budget=LONG_ENOUGH)
    with tenant(actor.brand_id), connection.cursor() as cursor:
        cursor.execute(SOME_READ, {"brand": actor.brand_id})
