"""Invariant 18: a deleted member is nowhere any more.

Somebody with a phone, VIN, name and numbers of their own is put everywhere the product can put
them, by the product's own services (``canary.py``). After the product's own run every table is
dumped, with what lies encrypted opened; every file, every key of Redis and the log, from before
the first word about them, are read. Nothing is found, and each search finds what is known to be
there.
"""

import json
import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings as configured
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from communities.broadcasts.models import Delivery
from communities.policies.services import install_default_policies
from config import celery_app
from core.audit.models import AuditEntry
from core.kernel import crypto
from core.kernel.scoping import tenant
from core.runs import services as runs
from core.staff.selectors import viewer_of_staff
from events.registrations.models import Registration
from members.erasure import ports
from members.members.searching import find_members
from members.profiles.models import Member
from members.vehicles.models import VehicleModel
from tests.factories.core import CityFactory, DealerFactory
from tests.members.erasure import canary as put
from tests.members.erasure.canary import (
    BYSTANDER,
    CUSTOMER,
    HOBBY,
    NAME,
    ORDER,
    PHONE,
    TWIN,
    TWIN_NO,
    TWIN_PHONE,
    UNIONID,
    VIN,
    WHY,
)
from tests.members.erasure.dumping import dump, redis_texts, texts_of_files, texts_of_log

pytestmark = pytest.mark.django_db


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
def log(caplog):
    """Everything that is logged from here on, also while fixtures are made."""
    for name in ("", "django", "celery"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


@pytest.fixture
def canary(log, brand, hq, drive, client, api_key, monkeypatch):
    """Somebody who is everywhere, and whose number nothing else has by chance."""
    with connection.cursor() as cursor:
        serial = "pg_get_serial_sequence('members_member', 'id')"
        cursor.execute(f"SELECT count(nextval({serial})) FROM generate_series(1, 70000)")
    CityFactory()
    DealerFactory(brand=brand)
    with tenant(brand.pk):
        VehicleModel.objects.create(brand=brand, code="E7", name="E7")
        install_default_policies(brand=brand, actor=hq, now=timezone.now())
    put.bring_in(hq, drive)
    with tenant(brand.pk):
        member = Member.objects.get(brand=brand, customer_no=CUSTOMER)
    put.put_into_tables(brand, member, hq, drive)
    put.put_into_cards(brand, member, hq)
    put.put_into_texts(brand, member, hq)
    put.put_into_rows_of_others(brand, hq)
    put.put_into_what_came_later(brand, member, hq)
    put.ask_by_rest(client, api_key, member)
    put.leave_one_waiting(hq, drive, monkeypatch)
    put.write_files(brand, member, hq, drive)
    return member


def needles(brand):
    """What must not be found, in the open or as the hashes by which it was found."""
    hashes = [
        crypto.lookup_hash(brand_id=brand.pk, kind=kind, value=value)
        for kind, value in (("phone", f"+86{PHONE}"), ("phone", f"+86{TWIN_PHONE}"), ("vin", VIN))
    ]
    texts = [NAME, PHONE, VIN, VIN[-6:], CUSTOMER, ORDER, UNIONID, "138****7733"]
    texts += [TWIN, TWIN_PHONE, TWIN_NO, HOBBY, WHY, "138****7744"]
    return texts + [found.hex() for found in hashes]


def found_in_tables(brand, wanted=None):
    wanted = wanted or needles(brand)
    return {(table, text) for table, row in dump(brand) for text in wanted if text in row}


def found_in_files(folder, brand):
    codes = ("utf-8", "gb18030", "utf-16-le")
    forms = [one.encode(code) for one in needles(brand) for code in codes]
    return {name for name, text in texts_of_files(folder) if any(form in text for form in forms)}


def found_in_redis(brand):
    texts = redis_texts(configured.REDIS_URL)
    return {one for one in needles(brand) for text in texts if one.encode() in text}


def found_in_log(log, brand):
    return {one for one in needles(brand) for text in texts_of_log(log) if one in text}


def test_a_deleted_member_is_nowhere(brand, canary, ask, drive, hq, folders, settings, log):
    tables = {table for table, _text in found_in_tables(brand)}
    assert tables >= {
        *("members_member", "members_vehicle", "members_order", "members_identity"),
        *("members_importjob", "members_segment", "communities_roommessage", "core_storedfile"),
        *("core_run", "core_savedview", "core_idempotencykey", "communities_broadcast"),
        *("members_membermerge", "members_mergedmember", "members_customvalue"),
        *("members_mileagereading", "members_pastconsent", "members_reveal"),
        *("members_stagechange", "members_consent", "events_pointsentry"),
    }, "the canary is not where it was put"
    with tenant(brand.pk):
        assert Registration.objects.filter(member=canary).exists()
        assert Delivery.objects.exists()
    files = found_in_files(settings.FILES_DIR, brand)
    assert any(name.startswith("xl/") for name in files), "no workbook"
    assert any(name.endswith(".json") for name in files), "no file about the person"
    assert any(len(name) == 32 for name in files), "no plain file"
    ask(canary)
    drive()
    assert found_in_tables(brand) == set()
    assert found_in_files(settings.FILES_DIR, brand) == set()
    assert found_in_redis(brand) == set()
    assert found_in_log(log, brand) == set()
    # Who stays is still found: the dump tells what there is.
    assert ("members_member", BYSTANDER) in found_in_tables(brand, [BYSTANDER])
    with tenant(brand.pk):
        for query in (NAME, PHONE, VIN[-6:], CUSTOMER, TWIN_PHONE, TWIN_NO):
            assert find_members(query=query, viewer=hq, limit=5) == []
        data = AuditEntry.objects.values_list("data", flat=True)
        assert not any(NAME in json.dumps(each, ensure_ascii=False) for each in data)
    members_named = named_by_number(brand, canary.pk)
    assert members_named <= {"members_erasure", "core_auditentry", "members_touchedmember"}


@pytest.fixture
def said_too_much(log):
    logging.getLogger("members").debug("%s was asked", NAME)


def test_a_line_of_the_log_is_found_whenever_it_was_written(brand, said_too_much, log):
    """The control: a fixture speaks before the test does."""
    assert found_in_log(log, brand) == {NAME}
    try:
        {}[PHONE]
    except KeyError:
        logging.getLogger("core").exception("no")
    assert found_in_log(log, brand) == {NAME, PHONE}


@pytest.mark.parametrize("value", [NAME, {"phone": f"{PHONE} " * 50}, [f"x{VIN}x"]])
def test_a_key_of_redis_is_found(brand, value):
    """The control: what the cache keeps, also long texts, which a dump would compress."""
    assert found_in_redis(brand) == set()
    try:
        cache.set("canary", value, 60)
        assert found_in_redis(brand)
    finally:
        cache.delete("canary")
    assert found_in_redis(brand) == set()


def test_a_message_to_a_worker_is_found(brand):
    """The control: kombu encodes what it sends."""
    queue = "canary"
    with celery_app.connection_for_write() as broker:
        broker.SimpleQueue(queue).put({"name": NAME})
        try:
            assert found_in_redis(brand) >= {NAME}
        finally:
            broker.SimpleQueue(queue).clear()
            broker.default_channel.queue_delete(queue)
    assert found_in_redis(brand) == set()


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
    "table",
    [
        *("members_importjob", "core_savedview", "communities_roommessage"),
        *("members_customvalue", "events_pointsentry"),
    ],
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
