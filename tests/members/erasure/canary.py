"""Somebody with a phone, VIN, name and numbers of their own, put everywhere by the services."""

import io
from datetime import timedelta

from django.http import QueryDict
from django.utils import timezone

from communities.broadcasts import services as broadcasts
from communities.broadcasts.delivering import deliver_due
from communities.broadcasts.drafts import Draft
from communities.chat.services import post_message
from communities.group_building import services as building
from core.exports import rules as export_rules
from core.exports import services as exports
from core.exports.models import ExportRequest
from core.exports.rules import FileFormat
from core.kernel.scoping import tenant
from core.saved_views.services import save_view
from events.registrations import services as registrations
from events.registrations.rules import State
from members.custom_fields import services as fields
from members.duplicates.models import DuplicatePair
from members.identities.models import Identity
from members.imports import services as imports
from members.live import services as live
from members.merging import services as merging
from members.orders.services import Purchase, record_order
from members.privacy import services as privacy
from members.profiles.services import change_member
from members.revealing import services as revealing
from members.snapshots import services as snapshots
from members.subject_files import services as subject_files
from members.tags import services as tags
from members.vehicles import services as vehicles
from members.vehicles.models import Vehicle
from tests.factories.communities import MembershipFactory, RoomFactory, RoomMessageFactory
from tests.factories.events import EventFactory
from tests.factories.members import (
    ConsentFactory,
    MemberFactory,
    SegmentFactory,
    StageChangeFactory,
)
from tests.factories.points import post

NAME, PHONE, VIN = "欧阳金丝雀", "13800417733", "LSVAA49J132047371"
CUSTOMER, ORDER, UNIONID = "KH-CANARY-77", "DD-CANARY-88", "union-canary-99"
# Who turned out to be the same person, and what a field of the brand's own says.
TWIN, TWIN_PHONE, TWIN_NO = "欧阳替身雀", "13800417744", "KH-CANARY-78"
HOBBY, WHY = "收藏金丝雀邮票", "换表，车主来电"
EVERYBODY = {"op": "all", "items": []}
FILE = (
    "姓名,手机号,客户编号,城市,车架号,车型,交付日期\n"
    f"{NAME},{PHONE},{CUSTOMER},杭州市,{VIN},E7,2026-01-05\n"
    f"{NAME},{PHONE}1,,杭州市,,,\n"
    "王小明,13900000001,,杭州市,,,\n"
)
# Who stays, and in whose rows people wrote about the one who goes.
BYSTANDER = "王小明"
TOLD = f"推荐人 {NAME} {PHONE}"


def bring_in(hq, drive):
    job = imports.receive_file(
        file=io.BytesIO(FILE.encode()),
        name=f"{NAME}的订单.csv",
        subject="members",
        actor=hq,
        now=timezone.now(),
    )
    with tenant(hq.brand_id):
        imports.start_import(
            job_id=job.pk,
            mapping=job.mapping,
            options=job.options,
            is_dry_run=False,
            actor=hq,
            now=timezone.now(),
        )
    drive()


def put_into_tables(brand, member, hq, drive):
    now = timezone.now()
    with tenant(brand.pk):
        record_order(
            purchase=Purchase(ORDER, now, amount_fen=100, channel="app", category="精品"),
            member=member,
            actor=hq,
            now=now,
        )
        Identity.objects.create(
            brand=brand, member=member, kind="unionid", value=UNIONID, created_at=now
        )
        group = tags.create_group(name="意向", is_exclusive=False, actor=hq, now=now)
        kept, taken = (
            tags.create_tag(group=group, name=name, actor=hq, now=now) for name in ("到店", "试驾")
        )
        other = MemberFactory(brand=brand)
        for tag in (kept, taken):
            tags.tag_members(tag=tag, member_ids=[member.pk, other.pk], actor=hq, now=now)
        tags.untag_members(tag=taken, member_ids=[member.pk], actor=hq, now=now)
        change_member(member=member, changes={"stage": "growth"}, actor=hq, now=now)
        segment = SegmentFactory(brand=brand, tree=EVERYBODY)
        live.switch_on(segment=segment, actor=hq, now=now)
        live.refresh(brand_id=brand.pk, now=now)
        for _time in range(2):
            asked = snapshots.take_snapshot(segment=segment, actor=hq, now=now)
            snapshots.freeze(snapshot=asked, actor=hq, now=now)
        wanted = building.RuleWanted(name="按城市", kind="service", group_by=("city",))
        rule = building.create_rule(wanted=wanted, actor=hq, now=now)
        building.plan_run(rule_id=rule.pk, actor=hq, now=now)
    drive()


def put_into_cards(brand, member, hq):
    """A twin merged in, values of own fields, a car's history, consents, a look behind a mask."""
    now = timezone.now()
    twin = MemberFactory(
        brand=brand, display_name=TWIN, phone=f"+86{TWIN_PHONE}", customer_no=TWIN_NO
    )
    with tenant(brand.pk):
        values = {"key": "hobby", "label": "爱好", "kind": "text"}
        fields.create_field(values=values, actor=hq, now=now)
        for person in (member, twin):
            fields.set_values(member_ids=[person.pk], values={"hobby": HOBBY}, actor=hq, now=now)
        car = Vehicle.objects.get(brand=brand, ownerships__member=member)
        for km, why in ((900, ""), (7, f"{WHY}{PHONE}")):
            vehicles.record_reading(
                vehicle=car, read_on=now.date(), km=km, reason=why, actor=hq, now=now
            )
        vehicles.record_visit(vehicle=car, visited_on=now.date(), kind="repair", actor=hq, now=now)
        for person in (member, twin):
            for version in ("1", "2"):
                privacy.add_text(
                    purpose="marketing",
                    version=f"{person.pk}-{version}",
                    body="同意",
                    effective_from=timezone.now(),
                    needs_renewal=False,
                    actor=hq,
                    now=now,
                )
                privacy.give_consent(
                    member=person,
                    purpose="marketing",
                    evidence=f"{person.display_name}签字",
                    actor=hq,
                    now=timezone.now(),
                )
        revealing.reveal(
            member=member, field="phone", reason="call", note=f"回{NAME}电话", actor=hq, now=now
        )
        merging.merge_members(
            winner_id=member.pk, loser_id=twin.pk, reason=f"与{TWIN}同一人", actor=hq, now=now
        )


def put_into_texts(brand, member, hq):
    now = timezone.now()
    room = RoomFactory(brand=brand)
    MembershipFactory(brand=brand, room=room, member=member)
    post_message(room_id=room.pk, body=f"恭喜{NAME}，电话{PHONE}", actor=hq, now=now)
    with tenant(brand.pk):
        room.refresh_from_db()
        room.last_seq += 1
        room.save()
    RoomMessageFactory(
        brand=brand,
        room=room,
        seq=room.last_seq,
        sender="member",
        sender_id=member.pk,
        sender_label=NAME,
        body=f"我的车架号是{VIN}",
    )
    number = {"field": "customer_no", "cmp": "is", "value": CUSTOMER}
    with tenant(brand.pk):
        save_view(
            list_key="members",
            name="找一个人",
            query=QueryDict(f"q={NAME}"),
            is_shared=False,
            actor=hq,
            now=now,
        )
        SegmentFactory(brand=brand, name=f"只有{CUSTOMER}", tree={"op": "all", "items": [number]})


def ask_by_rest(client, api_key, member):
    headers = {"Authorization": f"Bearer {api_key}", "Idempotency-Key": f"change-{CUSTOMER}"}
    answer = client.post(
        "/api/v1/orders/",
        {
            "member": member.pk,
            "order_no": f"{ORDER}-2",
            "ordered_at": "2026-02-01T00:00:00Z",
            "amount_fen": 5,
        },
        content_type="application/json",
        headers=headers,
    )
    assert answer.status_code == 201, answer.content
    client.get(f"/api/v1/members/?q={PHONE}", headers={"Authorization": headers["Authorization"]})


def put_into_rows_of_others(brand, hq):
    """What people wrote about them where it belongs to somebody who stays."""
    now = timezone.now()
    other = MemberFactory(brand=brand, display_name="赵小满")
    same = MemberFactory(brand=brand, display_name="赵小满")
    StageChangeFactory(brand=brand, member=other, to_stage="growth", note=TOLD)
    ConsentFactory(brand=brand, member=other, evidence=TOLD)
    with tenant(brand.pk):
        for person in (other, same):
            fields.set_values(member_ids=[person.pk], values={"hobby": TOLD}, actor=hq, now=now)
        revealing.reveal(
            member=MemberFactory(brand=brand, phone="+8613900000009"),
            field="phone",
            reason="call",
            note=TOLD,
            actor=hq,
            now=now,
        )
        merging.merge_members(winner_id=other.pk, loser_id=same.pk, reason=TOLD, actor=hq, now=now)
    post(other, 20, reason=TOLD)


def put_into_what_came_later(brand, member, hq):
    """Events, points and pairs; and a broadcast, whose deliveries hold numbers and times alone."""
    post(member, 80, reason=f"{NAME}到店", source="shop", source_id=ORDER)
    post(member, -30, reason="兑换")
    wish = registrations.Wish(
        event_id=EventFactory(brand=brand).pk,
        member_id=member.pk,
        state=State.REGISTERED,
    )
    registrations.put(wish=wish, actor=hq, now=timezone.now())
    with tenant(brand.pk):
        DuplicatePair.objects.create(
            brand=brand,
            first=member,
            second=MemberFactory(brand=brand),
            score=80,
            reasons=["name_tail"],
            found_at=timezone.now(),
        )
        draft = Draft(name="提醒", purpose="service", body=f"有事请联系{PHONE}")
        made = broadcasts.save_draft(draft=draft, actor=hq, now=timezone.now())
    broadcasts.confirm(broadcast_id=made.pk, actor=hq, now=timezone.now())
    deliver_due(brand_id=brand.pk, now=timezone.now(), budget=timedelta(seconds=30))


def export(hq, file_format):
    with tenant(hq.brand_id):
        exports.start_export(
            list_key="members",
            query=QueryDict(f"q={NAME}"),
            columns=[],
            file_format=file_format,
            actor=hq,
            now=timezone.now(),
        )


def leave_one_waiting(hq, drive, monkeypatch):
    """A file that somebody else is asked to approve; what was typed lies sealed in its task."""
    with monkeypatch.context() as patched:
        patched.setattr(export_rules, "ALONE", 0)
        export(hq, FileFormat.CSV)
        drive()
    with tenant(hq.brand_id):
        ExportRequest.objects.get(state=ExportRequest.State.WAITING)


def write_files(brand, member, hq, drive):
    for file_format in FileFormat:
        export(hq, file_format)
    with tenant(brand.pk):
        subject_files.ask_for_file(member=member, is_whole=True, actor=hq, now=timezone.now())
    drive()
