"""When somebody was last active, as files and batches say it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from members.imports import services
from members.imports.fields import suggest
from members.profiles.models import Member
from tests.factories.members import MemberFactory
from tests.members.imports.conftest import counts, table

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside_brand")]
HEAD = ("客户编号", "最近活跃时间")


def active_at(number="C1"):
    return Member.objects.get(customer_no=number).last_active_at


def reasons(job):
    return {r.row_number: (r.column, r.code) for r in job.rejections.all()}


def batch(actor, **row):
    rows = services.bring_in_rows(
        kind="members", rows=[row], is_domestic=True, actor=actor, now=timezone.now()
    )
    return [(each.outcome, [code for _name, code, _text in each.told()]) for each in rows]


@pytest.mark.parametrize("name", ["最近活跃时间", "最后登录时间", "Last active at", "最近活跃"])
def test_its_column_is_recognized(name):
    assert suggest("members", ["客户编号", name])["last_active_at"] == name


def test_other_columns_stay_what_they_were():
    found = suggest("members", ["客户编号", "注册时间", "交付时间", "最近活跃时间"])
    assert (found["joined_on"], found["delivered_on"]) == ("注册时间", "交付时间")
    assert suggest("orders", ["客户编号", "时间", "金额"])["ordered_at"] == "时间"


def test_a_file_says_it_and_the_later_one_counts(bring_in):
    assert counts(bring_in(table(HEAD, ("C1", "2026-03-01 10:30")))) == (1, 0, 0, 0)
    assert active_at() == datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
    for older in ("2026-02-01", "", "2026-03-01 10:30"):
        assert counts(bring_in(table((*HEAD, "x"), ("C1", older, "y")))) == (0, 0, 1, 0)
    assert active_at() == datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
    assert counts(bring_in(table(HEAD, ("C1", "2026/3/5")))) == (0, 1, 0, 0)
    assert active_at() == datetime(2026, 3, 4, 16, tzinfo=UTC)


def test_no_day_ahead_is_taken_and_no_hour_ahead_kept(bring_in):
    tomorrow = timezone.localdate() + timedelta(days=1)
    job = bring_in(table(HEAD, ("C1", tomorrow.isoformat()), ("C2", "gestern")))
    assert reasons(job) == {2: ("最近活跃时间", "day_ahead"), 3: ("最近活跃时间", "date")}
    bring_in(table(HEAD, ("C3", f"{timezone.localdate().isoformat()} 23:59:59")))
    assert active_at("C3") <= timezone.now()


def test_who_was_dormant_comes_back_at_once(brand, bring_in):
    long_ago = timezone.now() - timedelta(days=400)
    MemberFactory(brand=brand, customer_no="C1", stage="dormant", created_at=long_ago)
    bring_in(table(HEAD, ("C1", timezone.localdate().isoformat())))
    assert Member.objects.get(customer_no="C1").stage == "prospect"


def test_a_trial_writes_nothing(brand, bring_in):
    MemberFactory(brand=brand, customer_no="C1")
    job = bring_in(table(HEAD, ("C1", "2026-03-01")), is_dry_run=True)
    assert counts(job) == (0, 1, 0, 0)
    assert active_at() is None


def test_a_batch_says_it_with_a_zone(actor):
    assert batch(actor, customer_no="C1", last_active_at="2026-03-01T10:30:00+08:00") == [
        ("created", [])
    ]
    assert active_at() == datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
    older = {"customer_no": "C1", "last_active_at": "2026-03-01T02:29:59Z"}
    assert batch(actor, **older) == [("unchanged", [])]
    naive = {"customer_no": "C1", "last_active_at": "2026-03-02T10:30:00"}
    assert batch(actor, **naive) == [("refused", ["zone"])]
    ahead = (timezone.now() + timedelta(days=2)).isoformat()
    assert batch(actor, customer_no="C1", last_active_at=ahead) == [("refused", ["day_ahead"])]
    assert batch(actor, customer_no="C1", last_active_at=5) == [("refused", ["wrong_type"])]
