"""Files go on naming people as they were before a merge, and cars as they were before a sale."""

from datetime import date

import pytest
from django.utils import timezone

from members.merging.services import merge_members
from members.orders.models import Order
from members.profiles.models import Member
from members.vehicles import services as vehicles
from members.vehicles.models import Ownership
from tests.factories.members import MemberFactory, VehicleModelFactory
from tests.members.imports.conftest import counts, table

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside_brand")]
HEAD = ("客户编号", "姓名", "手机")
CHEN, TWIN = ("C1", "陈小宇", "13811110001"), ("C2", "陈晓宇", "13922220002")


@pytest.fixture
def merged(bring_in, actor):
    """The second row's member became the first one's; both numbers of the first stay."""
    bring_in(table(HEAD, CHEN, TWIN))
    winner, loser = Member.objects.order_by("pk")
    merge_members(winner_id=winner.pk, loser_id=loser.pk, actor=actor, now=timezone.now())
    return winner


def test_the_merged_members_row_means_the_member(bring_in, merged):
    job = bring_in(table(("客户编号", "手机", "性别"), ("C2", "13922220002", "女")))
    assert counts(job) == (0, 1, 0, 0)
    member = Member.objects.get()
    assert (member.customer_no, member.phone_tail, member.gender) == ("C1", "0001", "f")


def test_by_phone_alone_too(bring_in, merged):
    assert counts(bring_in(table(("手机", "性别"), ("13922220002", "女")))) == (0, 1, 0, 0)
    assert Member.objects.get().phone_tail == "0001"


def test_the_first_of_two_rows_counts(bring_in, merged):
    job = bring_in(table(HEAD, ("C1", "陈宇", "13811110001"), TWIN))
    assert counts(job) == (0, 1, 0, 1)
    assert [each.code for each in job.rejections.all()] == ["same_merged"]
    assert Member.objects.get().display_name == "陈宇"


def test_orders_find_the_member(bring_in, merged):
    job = bring_in(
        table(("订单号", "客户编号", "下单时间", "金额"), ("O1", "C2", "2026-01-02 10:00", "99")),
        "orders",
        money_unit="yuan",
    )
    assert counts(job) == (1, 0, 0, 0)
    assert Order.objects.get().member_id == merged.pk


def test_a_number_given_to_somebody_new_is_theirs(brand, bring_in, merged):
    fresh = MemberFactory(brand=brand, phone="+8613922220002")
    bring_in(table(("手机", "姓名"), ("13922220002", "钱二")))
    fresh.refresh_from_db()
    assert fresh.display_name == "钱二"


def test_a_car_is_not_delivered_while_it_was_somebody_elses(brand, bring_in, actor):
    head = ("客户编号", "姓名", "VIN", "车型", "交车日期")
    model = VehicleModelFactory(brand=brand, code="E7", name="远航 E7")
    vin = "LSVAM4187C2184847"
    bring_in(table(head, ("C1", "陈小宇", vin, model.code, "2024-01-01")))
    held = Ownership.objects.get()
    buyer = MemberFactory(brand=brand, customer_no="C2")
    vehicles.transfer(
        ownership=held, to=buyer, on=date(2025, 1, 1), actor=actor, now=timezone.now()
    )
    job = bring_in(table(head, ("C2", "马明", vin, model.code, "2024-06-01")))
    assert [each.code for each in job.rejections.all()] == ["vin_dates"]
    again = bring_in(table(head, ("C2", "马明", vin, model.code, "2025-01-02")))
    assert again.rejected_count == 0
    assert str(Ownership.objects.get(ended_on=None).delivered_on) == "2025-01-02"
