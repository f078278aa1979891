"""Invariant 18: a deleted member is nowhere any more.

Somebody with a phone, VIN, name and numbers of their own is put everywhere the product can put
them, by the product's own services. After the product's own run every table is dumped, with what
lies encrypted opened; every file, every key of Redis and the log are read. Nothing is found.
"""

import io
import json
import logging
from dataclasses import replace
from datetime import timedelta

import pytest
import redis
from django.conf import settings as configured
from django.db import connection
from django.http import QueryDict
from django.utils import timezone

from communities.chat.services import post_message
from communities.group_building import services as building
from communities.policies.services import install_default_policies
from core.audit.models import AuditEntry
from core.exports import services as exports
from core.exports.rules import FileFormat
from core.kernel import crypto
from core.kernel.scoping import tenant
from core.runs import services as runs
from core.saved_views.services import save_view
from core.staff.selectors import viewer_of_staff
from members.custom_fields import services as fields
from members.erasure import ports
from members.identities.models import Identity
from members.imports import services as imports
from members.live import services as live
from members.members.searching import find_members
from members.merging import services as merging
from members.orders.services import Purchase, record_order
from members.privacy import services as privacy
from members.profiles.models import Member
from members.profiles.services import change_member
from members.revealing import services as revealing
from members.snapshots import services as snapshots
from members.subject_files import services as subject_files
from members.tags import services as tags
from members.vehicles import services as vehicles
from members.vehicles.models import Vehicle, VehicleModel
from tests.factories.communities import MembershipFactory, RoomFactory, RoomMessageFactory
from tests.factories.core import CityFactory, DealerFactory
from tests.factories.members import MemberFactory, SegmentFactory
from tests.members.erasure.dumping import dump

pytestmark = pytest.mark.django_db
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


@pytest.fixture
def hq(brand, staff):
    with tenant(brand.pk):
        return viewer_of_staff(staff_id=staff.pk)


@pytest.fixture
def drive(brand, django_capture_on_commit_callbacks):
    def done():
        with django_capture_on_commit_callbacks(execute=True):
            runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(seconds=90))

    return done


@pytest.fixture
def canary(brand, hq, drive, client, api_key):
    """Somebody who is everywhere."""
    CityFactory()
    DealerFactory(brand=brand)
    with tenant(brand.pk):
        VehicleModel.objects.create(brand=brand, code="E7", name="E7")
        install_default_policies(brand=brand, actor=hq, now=timezone.now())
    bring_in(hq, drive)
    with tenant(brand.pk):
        member = Member.objects.get(brand=brand, customer_no=CUSTOMER)
    put_into_tables(brand, member, hq, drive)
    put_into_cards(brand, member, hq)
    put_into_texts(brand, member, hq)
    ask_by_rest(client, api_key, member)
    write_files(brand, member, hq, drive)
    return member


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


def write_files(brand, member, hq, drive):
    with tenant(brand.pk):
        exports.start_export(
            list_key="members",
            query=QueryDict(f"q={NAME}"),
            columns=[],
            file_format=FileFormat.CSV,
            actor=hq,
            now=timezone.now(),
        )
        subject_files.ask_for_file(member=member, is_whole=True, actor=hq, now=timezone.now())
    drive()


def needles(brand):
    """What must not be found, in the open or as the hashes by which it was found."""
    hashes = [
        crypto.lookup_hash(brand_id=brand.pk, kind=kind, value=value)
        for kind, value in (("phone", f"+86{PHONE}"), ("phone", f"+86{TWIN_PHONE}"), ("vin", VIN))
    ]
    texts = [NAME, PHONE, VIN, VIN[-6:], CUSTOMER, ORDER, UNIONID, "138****7733"]
    texts += [TWIN, TWIN_PHONE, TWIN_NO, HOBBY, WHY, "138****7744"]
    return texts + [found.hex() for found in hashes]


def found_in_tables(brand):
    wanted = needles(brand)
    return {(table, text) for table, row in dump(brand) for text in wanted if text in row}


def found_in_files(folder, brand):
    wanted = needles(brand)
    texts = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    forms = [one.encode(code) for one in wanted for code in ("utf-8", "gb18030", "utf-16-le")]
    return {form for form in forms for text in texts if form in text}


def found_in_redis(brand):
    wanted, found = needles(brand), set()
    for base in (0, 1):
        server = redis.Redis.from_url(configured.REDIS_URL, db=base)
        for key in server.scan_iter():
            text = key + (server.dump(key) or b"")
            found |= {one for one in wanted if one.encode() in text}
    return found


def test_a_deleted_member_is_nowhere(brand, canary, ask, drive, hq, folders, settings, caplog):
    caplog.set_level(logging.DEBUG)
    tables = {table for table, _text in found_in_tables(brand)}
    assert tables >= {
        *("members_member", "members_vehicle", "members_order", "members_identity"),
        *("members_importjob", "members_segment", "communities_roommessage", "core_storedfile"),
        *("core_run", "core_savedview", "core_idempotencykey"),
        *("members_membermerge", "members_mergedmember", "members_customvalue"),
        *("members_mileagereading", "members_pastconsent", "members_reveal"),
    }, "the canary is not where it was put"
    assert found_in_files(settings.FILES_DIR, brand)
    ask(canary)
    drive()
    assert found_in_tables(brand) == set()
    assert found_in_files(settings.FILES_DIR, brand) == set()
    assert found_in_redis(brand) == set()
    assert [one for one in needles(brand) if one in caplog.text] == []
    with tenant(brand.pk):
        for query in (NAME, PHONE, VIN[-6:], CUSTOMER, TWIN_PHONE, TWIN_NO):
            assert find_members(query=query, viewer=hq, limit=5) == []
        data = AuditEntry.objects.values_list("data", flat=True)
        assert not any(NAME in json.dumps(each, ensure_ascii=False) for each in data)
    members_named = named_by_number(brand, canary.pk)
    assert members_named <= {"members_erasure", "core_auditentry", "members_touchedmember"}


def named_by_number(brand, member_id):
    """Return the tables in which any holding's column still names the member."""
    found = set()
    with tenant(brand.pk), connection.cursor() as cursor:
        for holding in ports.holdings():
            table = holding.model._meta.db_table
            for column in holding.columns:
                if column.endswith(("_id", "_ids")) and not column.startswith(("vin", "vehicle")):
                    test = "%s = ANY({0})" if column.endswith("_ids") else "%s = {0}"
                    cursor.execute(
                        f"SELECT count(*) FROM {table} WHERE {test.format(column)}", [member_id]
                    )
                    if cursor.fetchone()[0]:
                        found.add(table)
    return found


@pytest.mark.parametrize(
    "table", ["members_importjob", "core_savedview", "communities_roommessage"]
)
def test_a_search_left_out_is_named(brand, canary, ask, drive, table, monkeypatch):
    """The control: without one search the dump names its table, and only that."""
    some = {name: search for name, search in ports._searches.items() if name != table}
    monkeypatch.setattr(ports, "_searches", some)
    ask(canary)
    drive()
    assert {name for name, _text in found_in_tables(brand)} == {table}


def test_rows_left_out_are_named(brand, canary, ask, drive, monkeypatch):
    """The control for rows: identities that nobody erases hold up the whole deletion."""
    key = ("members_identity", ("member_id",))
    kept = replace(ports._holdings[key], kept="for the test")
    monkeypatch.setitem(ports._holdings, key, kept)
    ask(canary)
    drive()
    with tenant(brand.pk):
        assert Member.objects.filter(pk=canary.pk).exists()
