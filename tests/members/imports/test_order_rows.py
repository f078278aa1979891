"""Orders in files that name none of them: the numbers that are made, and batches without rows."""

from datetime import date

import pytest

from members.imports.options import Options
from members.imports.order_rows import OrderPreparer
from members.imports.preparing import Job, Known
from members.imports.reading import csv_file
from members.imports.reading.ports import Batch, Fault
from members.orders.models import Order
from tests.factories.members import MemberFactory
from tests.members.imports.conftest import counts, table

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside_brand")]
HEAD = ("客户编号", "手机", "下单时间", "金额")


@pytest.fixture(autouse=True)
def members(inside_brand):
    MemberFactory(brand=inside_brand, customer_no="C1", phone="+8613811112221")
    MemberFactory(brand=inside_brand, customer_no="C2", phone="+8613811112222")
    MemberFactory(brand=inside_brand, customer_no="C3", phone="+8613811112223")


def owners():
    return sorted(Order.objects.values_list("member__customer_no", "amount_fen"))


@pytest.mark.parametrize(
    "tail",
    [(",,",) * 300, (" ,\u3000,",) * 200, ("x" * 600,)],
    ids=["empty rows", "rows of blanks", "a long line"],
)
def test_a_stretch_without_rows_ends_no_import(bring_in, monkeypatch, tail):
    monkeypatch.setattr(csv_file, "BATCH_BYTES", 256)
    file = table(("客户编号", "下单时间", "金额"), ("C1", "2024-03-01", "5"))
    file.seek(0, 2)
    file.write("\r\n".join((*tail, "C2,2024-03-01,5", "")).encode())
    job = bring_in(file, "orders")
    assert job.created_count == 2
    assert job.rejected_count == sum(bool(line.strip(" ,\u3000")) for line in tail)
    assert owners() == [("C1", 500), ("C2", 500)]


@pytest.mark.parametrize("mapped", ["customer_no", "phone"])
def test_a_batch_of_faults_only_is_prepared(mapped):
    headers = ["who", "when", "paid"]
    job = Job(
        brand_id=1,
        subject="orders",
        headers=headers,
        mapping={mapped: "who", "ordered_at": "when", "amount": "paid"},
        options=Options(),
        known=Known(),
        today=date(2026, 1, 1),
    )
    batch = Batch(faults=[Fault(7, None, "row_too_long")], spoilt={7}, position={"row": 7})
    chunk = OrderPreparer(job).prepare(batch)
    assert (chunk.good_count, chunk.read_count) == (0, 1)


def test_people_named_by_phone_alone_keep_orders_of_their_own(bring_in):
    """Two people buy the same at the same time; each is named by what the file knows of them."""
    rows = [
        ("", "13811112221", "2024-03-01", "5"),
        ("", "13811112222", "2024-03-01", "5"),
        ("C3", "", "2024-03-01", "5"),
        ("C3", "13811112223", "2024-03-01", "5"),
    ]
    assert counts(bring_in(table(HEAD, *rows), "orders")) == (4, 0, 0, 0)
    assert owners() == [("C1", 500), ("C2", 500), ("C3", 500), ("C3", 500)]
    turned = bring_in(table(HEAD, *reversed(rows)), "orders")
    assert counts(turned) == (0, 0, 4, 0)
