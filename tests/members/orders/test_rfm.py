"""Recency, frequency, money and repeat purchase, by hand and against pandas on real purchases."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from django.core.management import call_command
from django.db import connection

from core.kernel.scoping import tenant
from members.orders.models import Order
from members.orders.rfm import MEASURE, Rfm, rfm_of
from members.profiles.models import Member
from tests.factories.core import BrandFactory
from tests.factories.members import MemberFactory
from tests.shared_data import shared_file

pytestmark = pytest.mark.django_db
PURCHASES = shared_file("purchases.csv")
NOW = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)  # noon where the brands are


def bought(member, fen, at):
    return Order.objects.create(
        brand_id=member.brand_id,
        member=member,
        order_no=f"{member.pk}-{at.isoformat()}-{fen}",
        ordered_at=at,
        amount_fen=fen,
    )


def test_figures_of_several_at_once(brand):
    once, often, never = (MemberFactory(brand=brand) for _n in range(3))
    with tenant(brand.pk):
        bought(once, 500, NOW - timedelta(hours=13))  # yesterday, by the calendar
        bought(often, 100, NOW - timedelta(days=40))
        bought(often, 201, NOW - timedelta(days=9))
        bought(often, 9999, NOW + timedelta(days=1))  # not yet
        found = rfm_of(brand_id=brand.pk, member_ids=[once.pk, often.pk, never.pk], now=NOW)
    assert (found[once.pk].recency_days, found[once.pk].is_repeat) == (1, False)
    assert found[often.pk] == Rfm(9, 2, 301, NOW - timedelta(days=40), NOW - timedelta(days=9))
    assert (found[often.pk].is_repeat, found[often.pk].average_fen) == (True, 150)
    assert found[never.pk] == Rfm()
    assert found[never.pk].average_fen is None


def test_another_brands_orders_do_not_count(brand):
    stranger = MemberFactory(brand=BrandFactory())
    with tenant(stranger.brand_id):
        bought(stranger, 500, NOW)
    with tenant(brand.pk):
        assert rfm_of(brand_id=brand.pk, member_ids=[stranger.pk], now=NOW)[stranger.pk] == Rfm()


def test_an_index_finds_the_orders_of_few_among_many(brand):
    people = [MemberFactory(brand=brand).pk for _n in range(20)]
    many = """
        INSERT INTO members_order (brand_id, order_no, member_id, ordered_at, amount_fen, quantity,
            channel)
        SELECT %s, 'M' || who || '-' || n, who, now() - n * interval '1 hour', 100, 1, ''
        FROM unnest(%s::bigint[]) who, generate_series(1, 300) n
    """
    values = {"brand": brand.pk, "members": people[:2], "zone": "Asia/Shanghai"}
    values["now"] = datetime.now(UTC)
    with tenant(brand.pk), connection.cursor() as cursor:
        cursor.execute(many, [brand.pk, people])
        cursor.execute("ANALYZE members_order")
        cursor.execute(f"EXPLAIN {MEASURE}", values)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "members_order_by_member" in plan
    assert "Seq Scan" not in plan


@pytest.fixture
def purchases(brand, tmp_path):
    """The real history, brought in through the product's own imports."""
    frame = pd.read_csv(PURCHASES, dtype={"customer_id": str})
    customers = tmp_path / "customers.csv"
    frame[["customer_id"]].drop_duplicates().to_csv(customers, index=False)
    call_command("import_members", customers, "--map", "customer_no=customer_id", verbosity=0)
    columns = {
        "customer_no": "customer_id",
        "ordered_at": "date",
        "amount": "amount_usd",
        "quantity": "quantity",
    }
    arguments = ["--option", "money_unit=foreign", "--option", "currency=USD"]
    for field, column in columns.items():
        arguments += ["--map", f"{field}={column}"]
    call_command("import_orders", PURCHASES, *arguments, verbosity=0)
    return frame


@pytest.mark.shared_data
@pytest.mark.skipif(not PURCHASES.exists(), reason=f"the real data is not at {PURCHASES}")
def test_real_purchases_equal_an_independent_computation(purchases, brand):
    """Every one of 23,570 customers, on a day within the history and on its last."""
    frame = purchases.assign(
        day=pd.to_datetime(purchases["date"]),
        cents=(purchases["amount_usd"] * 100).round().astype("int64"),
    )
    for as_of in ("1997-03-31", "1998-06-30"):
        compare(frame, pd.Timestamp(as_of), brand)


def compare(frame, day, brand):
    until = frame[frame["day"] <= day]
    theirs = until.groupby("customer_id").agg(
        last=("day", "max"), frequency=("cents", "size"), money=("cents", "sum")
    )
    theirs["recency"] = (day - theirs["last"]).dt.days
    theirs["repeat"] = theirs["frequency"] > 1
    now = (day + pd.Timedelta(hours=12)).tz_localize("Asia/Shanghai").to_pydatetime()
    with tenant(brand.pk):
        numbers = dict(Member.objects.values_list("pk", "customer_no"))
        ours = rfm_of(brand_id=brand.pk, member_ids=list(numbers), now=now)
    assert len(ours) == frame["customer_id"].nunique() == 23_570
    table = pd.DataFrame(
        [
            (numbers[pk], one.recency_days, one.frequency, one.money_fen, one.is_repeat)
            for pk, one in ours.items()
            if one.frequency
        ],
        columns=["customer_id", "recency", "frequency", "money", "repeat"],
    ).set_index("customer_id")
    wanted = theirs[["recency", "frequency", "money", "repeat"]]
    pd.testing.assert_frame_equal(
        table.sort_index(), wanted.sort_index(), check_dtype=False, check_names=False
    )
    assert 0 < wanted["repeat"].sum() < len(wanted)
