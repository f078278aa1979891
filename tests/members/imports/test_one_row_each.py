"""A member is meant by one row of a file, wherever its chunks end; and the same file twice changes
nothing the second time.
"""

import random

import pytest
from django.db import transaction
from django.db.models import Max, Sum

from members.imports.reading import csv_file
from members.profiles.models import Member
from tests.factories.members import MemberFactory
from tests.members.imports.conftest import counts, table

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside_brand")]

HEAD = ("客户编号", "手机", "姓名")
FILLER = [(f"F{i}", "", "过客") for i in range(6)]  # so that a short file has several chunks


@pytest.fixture(params=["one chunk", "many chunks"])
def size(request, monkeypatch):
    if request.param == "many chunks":
        monkeypatch.setattr(csv_file, "BATCH_BYTES", 40)
    return request.param


def reasons(job):
    return {r.row_number: (r.column, r.code) for r in job.rejections.all()}


def state():
    """Everything an import might have touched."""
    summed = Member.objects.aggregate(Sum("version"), Max("updated_at"))
    rows = Member.objects.values_list("customer_no", "phone_tail", "display_name")
    return summed, sorted((number or "", tail, name) for number, tail, name in rows)


def twice(bring_in, rows):
    """Bring a file in and then again; return the first import."""
    job = bring_in(table(HEAD, *rows))
    assert job.read_count == sum(counts(job))
    before = state()
    again = bring_in(table(HEAD, *rows))
    assert state() == before
    assert (again.created_count, again.updated_count) == (0, 0)
    assert reasons(again) == reasons(job)
    return job


@pytest.fixture
def chen(brand):
    """Known by number and phone."""
    return MemberFactory(brand=brand, customer_no="C1", phone="+8613800000001", display_name="陈")


def test_a_row_by_phone_after_one_by_number(bring_in, chen, size):
    rows = [("C1", "", "甲"), *FILLER, ("", "13800000001", "乙")]
    job = twice(bring_in, rows)
    assert reasons(job) == {9: ("手机", "same_by_phone")}
    assert "2" in job.rejections.get().reason
    chen.refresh_from_db()
    assert chen.display_name == "甲"


def test_a_row_by_number_after_one_by_phone(bring_in, chen, size):
    rows = [("", "13800000001", "乙"), *FILLER, ("C1", "13800000009", "甲")]
    job = twice(bring_in, rows)
    assert reasons(job) == {9: ("客户编号", "same_by_number")}
    assert "2" in job.rejections.get().reason
    chen.refresh_from_db()
    assert (chen.display_name, chen.phone_tail) == ("乙", "0001")


def test_somebody_without_a_number_gets_one_and_is_not_met_again(bring_in, brand, size):
    MemberFactory(brand=brand, phone="+8613800000001")
    rows = [("C1", "13800000001", "甲"), *FILLER, ("", "13800000001", "乙")]
    assert reasons(twice(bring_in, rows)) == {9: ("手机", "duplicate")}


def test_a_phone_that_was_given_up_is_free_for_the_rows_after(bring_in, chen, size):
    rows = [("C1", "13800000009", "甲"), *FILLER, ("", "13800000001", "乙")]
    job = twice(bring_in, rows)
    assert counts(job) == (7, 1, 0, 0)


def test_a_phone_goes_from_one_known_member_to_the_next(bring_in, chen, brand, size):
    MemberFactory(brand=brand, customer_no="C2", phone="+8613800000002")
    MemberFactory(brand=brand, customer_no="C3", phone="+8613800000003")
    rows = [("C1", "13800000009", "甲"), ("C2", "13800000001", "乙"), ("C3", "13800000002", "丙")]
    assert counts(twice(bring_in, rows)) == (0, 3, 0, 0)


def test_a_phone_wanted_before_it_is_given_up_stays(bring_in, chen, size):
    rows = [("C2", "13800000001", "乙"), *FILLER, ("C1", "13800000009", "甲")]
    job = twice(bring_in, rows)
    assert reasons(job) == {2: ("手机", "phone_taken"), 9: ("手机", "phone_wanted")}
    assert "2" in job.rejections.get(row_number=9).reason


def test_two_members_cannot_swap_their_phones(bring_in, chen, brand, size):
    MemberFactory(brand=brand, customer_no="C2", phone="+8613800000002")
    rows = [("C1", "13800000002", "甲"), *FILLER, ("C2", "13800000001", "乙")]
    job = twice(bring_in, rows)
    assert {code for _column, code in reasons(job).values()} == {"phone_taken"}


def test_phones_handed_on_without_end_do_not_hold_the_import_up(bring_in, brand):
    """A column out of place: each row has the phone of the member before."""
    known = [
        MemberFactory(brand=brand, customer_no=f"C{i}", phone=f"+861380000{i:04d}")
        for i in range(40)
    ]
    rows = [(m.customer_no, f"1380000{i + 9000:04d}"[:11]) for i, m in enumerate(known[:1])]
    rows += [(m.customer_no, f"1380000{i:04d}") for i, m in enumerate(known[1:])]
    job = bring_in(table(HEAD[:2], *rows))
    assert job.read_count == sum(counts(job)) == 40
    assert job.updated_count >= 6


@pytest.mark.parametrize("seed", range(25))
def test_any_file_means_the_same_in_one_chunk_and_in_many(bring_in, brand, monkeypatch, seed):
    luck = random.Random(seed)
    for number in luck.sample(range(6), luck.randrange(7)):
        MemberFactory(
            brand=brand,
            customer_no=f"C{number}" if luck.random() < 0.7 else None,
            phone=f"+861380000000{number}" if luck.random() < 0.8 else None,
        )
    rows = []
    for n in range(luck.randrange(2, 9)):
        number = f"C{luck.randrange(7)}" if luck.random() < 0.6 else ""
        phone = f"1380000000{luck.randrange(8)}" if luck.random() < 0.8 else ""
        rows.append((number, phone, f"第{n}行"))
    outcomes = []
    for size in (1_000_000, 40):
        monkeypatch.setattr(csv_file, "BATCH_BYTES", size)
        with transaction.atomic():
            job = twice(bring_in, rows)
            outcomes.append((counts(job), reasons(job), state()[1]))
            transaction.set_rollback(True)
    assert outcomes[0] == outcomes[1]
