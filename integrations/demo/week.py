"""What the staff of a fresh demonstration brand did lately, so that their pages have work on them.

Each act goes through the service that the console calls, by the person whose work it is. How many
there are does not depend on the size of the brand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import QueryDict  # noqa: TID251  (what narrows a list)

from core.exports import services as exports
from core.exports.models import ExportRequest
from core.exports.rules import FileFormat
from core.kernel.scoping import tenant
from core.staff.models import Staff
from core.staff.selectors import viewer_of_staff
from integrations.demo.working import work_off
from members.duplicates import services as duplicates
from members.duplicates.models import DuplicatePair
from members.erasure import services as erasures
from members.privacy import services as privacy
from members.privacy.models import Consent
from members.profiles.models import Member
from members.revealing import services as revealing
from members.segments.models import Segment
from members.snapshots import services as snapshots
from members.tags import services as tags
from members.tags.models import MemberTag, Tag

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from core.kernel.access import Viewer

    Clock = Callable[[], datetime]

COMPARED = "户外爱好者"
# Who comes into it between the two moments, and who leaves it.
NEWCOMERS, LEAVERS = ("露营", 40), ("投诉处理中", 15)
APART = 7  # so that a page of members is not full of them
LOOKED_UP = (
    ("operator", "service", "保养到期，电话提醒"),
    ("operator", "complaint", "充电故障投诉，约时间回访"),
    ("admin", "verify", "本人要求核对登记的手机号"),
)
WITHDRAWN = ("400 来电，工单 1187", "门店书面申请，附件 03", "App 内关闭营销消息")
DAYS_TO_RECONSIDER = 7
SPARED = 5  # of the newest members, to be deleted


def live_through(*, brand_id: int, clock: Clock) -> None:
    """Let the brand's people work; without logins nobody does anything."""
    people = _people(brand_id)
    if not people:
        return
    admin, operator = people["admin"], people["operator"]
    _compare(operator, clock)
    _export(operator, admin, clock)
    _privacy(people, clock)
    _erase(admin, clock)
    with tenant(brand_id):
        pair = DuplicatePair.objects.filter(brand_id=brand_id).order_by("score", "pk").first()
        if pair is not None:
            duplicates.dismiss(pair=pair, actor=operator, now=clock())


def _people(brand_id: int) -> dict[str, Viewer]:
    """Return who works for the brand, by the name of their role in the demonstration."""
    with tenant(brand_id):
        staff = dict(Staff.objects.filter(brand_id=brand_id).values_list("username", "pk"))
    viewers = {name: viewer_of_staff(staff_id=pk) for name, pk in staff.items()}
    return {name.split(".")[-1]: viewer for name, viewer in viewers.items() if viewer}


def _compare(actor: Viewer, clock: Clock) -> None:
    """Two moments of a segment, between which people came and went."""
    with tenant(actor.brand_id):
        segment = Segment.objects.filter(brand_id=actor.brand_id, name=COMPARED).first()
    if segment is None:
        return
    _snapshot(segment, actor, clock)
    for name, how_many in (NEWCOMERS, LEAVERS):
        with tenant(actor.brand_id):
            tag = Tag.objects.get(brand_id=actor.brand_id, name=name)
            held = MemberTag.objects.filter(brand_id=actor.brand_id, tag=tag)
            rows = Member.objects.filter(brand_id=actor.brand_id).order_by("-pk")
            others = rows.exclude(pk__in=held.values("member_id"))
            ids = list(others.values_list("pk", flat=True)[: how_many * APART : APART])
            tags.tag_members(tag=tag, member_ids=ids, actor=actor, now=clock())
    _snapshot(segment, actor, clock)


def _snapshot(segment: Segment, actor: Viewer, clock: Clock) -> None:
    with tenant(actor.brand_id):
        snapshots.take_snapshot(segment=segment, actor=actor, now=clock())
    work_off(brand_id=actor.brand_id, clock=clock)


def _export(actor: Viewer, second: Viewer, clock: Clock) -> None:
    """A large file that was refused, and another that waits; a small brand gets both at once."""
    refused = _ask(actor, "stage=growth", clock)
    if refused is not None:
        with tenant(actor.brand_id):
            exports.refuse(
                request_id=refused.pk,
                reason="只办杭州的活动，请先按城市筛选再申请",
                actor=second,
                now=clock(),
            )
    _ask(actor, "", clock)


def _ask(actor: Viewer, filters: str, clock: Clock) -> ExportRequest | None:
    with tenant(actor.brand_id):
        run = exports.start_export(
            list_key="members",
            query=QueryDict(filters),
            columns=["name", "stage", "dealer", "city"],
            file_format=FileFormat.CSV,
            actor=actor,
            now=clock(),
        )
    work_off(brand_id=actor.brand_id, clock=clock)
    with tenant(actor.brand_id):
        asked = ExportRequest.objects.filter(run_id=run.pk, state=ExportRequest.State.WAITING)
        return asked.first()


def _privacy(people: dict[str, Viewer], clock: Clock) -> None:
    """Numbers that were looked up for a reason, and consents that were taken back."""
    brand_id = people["operator"].brand_id
    with tenant(brand_id):
        newest = Member.objects.filter(brand_id=brand_id, phone_hash__isnull=False).order_by("-pk")
        for member, (who, reason, note) in zip(_few(newest, LOOKED_UP), LOOKED_UP, strict=False):
            revealing.reveal(
                member=member,
                field="phone",
                reason=reason,
                note=note,
                actor=people[who],
                now=clock(),
            )
        given = Consent.objects.filter(
            brand_id=brand_id, purpose=Consent.Purpose.MARKETING, withdrawn_at=None
        )
        for consent, evidence in zip(
            _few(given.select_related("member").order_by("-member_id"), WITHDRAWN),
            WITHDRAWN,
            strict=False,
        ):
            privacy.withdraw_consent(
                member=consent.member,
                purpose=consent.purpose,
                evidence=evidence,
                actor=people["operator"],
                now=clock(),
            )


def _few(rows: QuerySet[Any], acts: Sequence[Any]) -> QuerySet[Any]:
    """Return one row per act, past the newest, who are deleted."""
    return rows[SPARED : SPARED + len(acts)]


def _erase(actor: Viewer, clock: Clock) -> None:
    """One who asked and is gone, and one whose days to reconsider still run."""
    for days, reason, note in ((0, "asked", ""), (DAYS_TO_RECONSIDER, "asked", "工单 2031")):
        with tenant(actor.brand_id):
            erasures.change_grace(days=days, actor=actor, now=clock())
            member = Member.objects.filter(brand_id=actor.brand_id).order_by("-pk").first()
            if member is None:
                return
            erasures.request_erasure(
                member=member,
                typed_name=member.display_name,
                reason=reason,
                note=note,
                actor=actor,
                now=clock(),
            )
        work_off(brand_id=actor.brand_id, clock=clock)
