"""Bad inputs 45–47 of invariants.md: days and moments, through files and batches."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from core.kernel.scoping import tenant
from members.orders.models import Order
from members.profiles.models import Member
from members.vehicles.models import Vehicle, VehicleModel
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
DAYS = [
    pytest.param("2026-02-30", id="45 30 February"),
    pytest.param("2026-02-28T24:00:00Z", id="45 24:00"),
    pytest.param("2026-02-28T10:60:00Z", id="45 :60"),
    pytest.param("0000-01-01", id="45 year 0"),
    pytest.param("9999-12-31T23:59:59-12:00", id="45 the end of time"),
    pytest.param("05/06/2026", id="45 a day or a month"),
]


@pytest.mark.parametrize("typed", DAYS)
def test_45_a_day_that_is_none_is_refused(by_file, by_batch, brand, typed):
    assert by_file(customer_no="C1", joined_on=typed)
    assert by_batch(customer_no="C1", joined_on=typed)
    with tenant(brand.pk):
        assert not Member.objects.exists()


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("2024-03-01T10:00:00", id="46 no zone"),
        pytest.param("2026-03-01", id="46 no time"),
        pytest.param("1772330400000", id="46 milliseconds as text"),
        pytest.param(1772330400000, id="46 milliseconds"),
        *DAYS[:-1],
    ],
)
def test_45_and_46_a_moment_needs_to_exist_and_to_have_a_zone(by_batch, brand, typed):
    MemberFactory(brand=brand, customer_no="C1")
    assert by_batch("orders", order_no="O1", customer_no="C1", ordered_at=typed, amount_fen=1)
    with tenant(brand.pk):
        assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("typed", "hour"),
    [("1988-07-01 12:00", 3), ("1988-12-01 12:00", 4), ("1992-07-01 12:00", 4)],
    ids=["47 summer time", "47 winter", "47 after it was given up"],
)
def test_47_the_summers_of_shanghai_are_known(by_file, brand, typed, hour):
    MemberFactory(brand=brand, customer_no="C1")
    code = by_file("orders", order_no="O1", customer_no="C1", ordered_at=typed, amount="1.00")
    assert code == ""
    with tenant(brand.pk):
        at = Order.objects.get().ordered_at
    assert at == datetime(*map(int, typed[:10].split("-")), hour, tzinfo=UTC)


AHEAD = timedelta(days=2)  # of the clock, wherever it stands


def test_what_happened_lies_behind_however_it_comes_in(by_file, by_batch, brand):
    """A day to come is refused by its field in files and in batches, as by the single entries."""
    with tenant(brand.pk):
        VehicleModel.objects.create(brand=brand, code="E7", name="远航 E7")
    MemberFactory(brand=brand, customer_no="C1")
    day = timezone.localdate(timezone.now() + AHEAD).isoformat()
    car = {"customer_no": "C1", "vin": "LSVAU2A3XN2100001", "model": "E7"}
    order = {"order_no": "O1", "customer_no": "C1", "ordered_at": f"{day}T10:00:00+08:00"}
    assert by_file(**car, delivered_on=day) == "day_ahead"
    assert by_batch("vehicles", **car, delivered_on=day) == "day_ahead"
    assert by_file(customer_no="C1", joined_on=day) == "day_ahead"
    assert by_batch(customer_no="C1", joined_on=day) == "day_ahead"
    assert by_file("orders", **order, amount="1.00") == "day_ahead"
    assert by_batch("orders", **order, amount_fen=1) == "day_ahead"
    assert by_batch("vehicles", **car, delivered_on="1949-12-31") == "year"
    with tenant(brand.pk):
        assert not Vehicle.objects.exists()
        assert not Order.objects.exists()
    today = timezone.localdate().isoformat()
    assert by_batch("vehicles", **car, delivered_on=today) == ""


def test_an_order_of_a_day_to_come_is_refused_by_the_single_entry(client, api_key, brand):
    MemberFactory(brand=brand, customer_no="C1")
    at = (timezone.now() + AHEAD).isoformat()
    body = {"order_no": "O1", "customer_no": "C1", "amount_fen": 1, "ordered_at": at}
    answer = client.post(
        "/api/v1/orders/",
        json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {api_key}"},
    )
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/ordered_at", "day_ahead")
