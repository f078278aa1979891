"""What a file means for the lifecycle: at once, and by the file's own word where it has one."""

from datetime import timedelta

import pytest
from django.utils import timezone

from members.lifecycle import moving, selectors
from members.lifecycle.models import StageChange
from members.profiles.models import Member
from members.vehicles.models import VehicleModel
from tests.factories.members import MemberFactory
from tests.members.imports.conftest import counts, table

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside_brand")]
PHONE = "+8613812345678"
CARS = ("姓名", "手机", "车架号", "车型", "交付日期")
ORDERS = ("订单号", "手机", "下单时间", "金额")
VIN, OTHER_VIN = "11111111111111111", "1M8GDM9AXKP042788"


@pytest.fixture(autouse=True)
def model(inside_brand):
    return VehicleModel.objects.create(brand=inside_brand, code="E7", name="远航 E7")


def day(ago):
    return (timezone.localdate() - timedelta(days=ago)).isoformat()


def told():
    rows = StageChange.objects.order_by("id")
    return list(rows.values_list("from_stage", "to_stage", "reason"))


def stages():
    return dict(Member.objects.values_list("display_name", "stage"))


def test_somebody_new_begins_where_the_car_puts_them(bring_in, brand):
    rows = [
        ("新", "13800000001", VIN, "E7", day(3)),
        ("老", "13800000002", OTHER_VIN, "E7", day(91)),
        ("无", "13800000003", "", "", ""),
    ]
    bring_in(table(CARS, *rows))
    assert stages() == {"新": "introduction", "老": "growth", "无": "prospect"}
    assert told() == []
    held = selectors.in_force(brand_id=brand.pk)
    whom = moving.Whom.everybody()
    due = moving.count_due(brand_id=brand.pk, whom=whom, terms=held.terms, now=timezone.now())
    assert due == {}  # The rules see it the same way.


def test_a_delivery_moves_somebody_known_at_once(bring_in, brand):
    MemberFactory(brand=brand, display_name="陈小宇", phone=PHONE)
    bring_in(table(CARS, ("陈小宇", "13812345678", VIN, "E7", day(3))))
    assert told() == [("prospect", "introduction", "delivered")]
    again = bring_in(table(CARS, ("陈小宇", "13812345678", VIN, "E7", day(3))))
    assert counts(again) == (0, 0, 1, 0)
    assert len(told()) == 1


def test_an_order_brings_somebody_back_at_once(bring_in, brand):
    long_ago = timezone.now() - timedelta(days=300)
    MemberFactory(
        brand=brand, display_name="陈小宇", phone=PHONE, stage="lost", created_at=long_ago
    )
    rows = [("O-1", "13812345678", f"{day(200)} 10:00", "5")]
    bring_in(table(ORDERS, *rows), "orders")
    assert told() == []  # Too long ago to be a sign of life.
    bring_in(table(ORDERS, ("O-2", "13812345678", f"{day(1)} 10:00", "5")), "orders")
    assert told() == [("lost", "prospect", "back")]
    dry = table(ORDERS, ("O-3", "13812345678", f"{day(1)} 11:00", "5"))
    bring_in(dry, "orders", is_dry_run=True)
    assert len(told()) == 1


def test_what_a_file_says_is_kept_and_stands(bring_in, brand):
    MemberFactory(brand=brand, display_name="陈小宇", phone=PHONE)
    head = ("姓名", "手机", "阶段")
    bring_in(table(head, ("陈小宇", "13812345678", "沉睡"), ("马明", "13912345678", "成熟期")))
    assert told() == [("prospect", "dormant", "import")]
    assert Member.objects.get(display_name="马明").is_stage_told
    held, now = selectors.in_force(brand_id=brand.pk), timezone.now() + timedelta(days=5)
    whom = moving.Whom.everybody()
    assert moving.count_due(brand_id=brand.pk, whom=whom, terms=held.terms, now=now) == {}
