"""The commands, and the real purchase history against an independent computation."""

import io

import pandas as pd
import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, Max, Min, Sum

from core.kernel.scoping import tenant
from members.orders.models import Order
from members.profiles.models import Member
from tests.factories.core import BrandFactory
from tests.shared_data import shared_file

pytestmark = pytest.mark.django_db

PURCHASES = shared_file("purchases.csv")


def run(name, *arguments):
    out = io.StringIO()
    call_command(name, *map(str, arguments), stdout=out)
    return out.getvalue()


def write(path, *lines):
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_file_comes_in_and_the_counts_are_printed(brand, tmp_path):
    file = write(tmp_path / "m.csv", "客户编号,手机,城市", "C1,13812345678,", "C2,x,")
    errors = tmp_path / "bad.csv"
    said = run("import_members", file, "--errors", errors)
    assert "2 rows read: 1 were created, 0 updated, 0 left unchanged, 1 rejected." in said
    assert "row 3, 手机:" in said
    assert errors.read_bytes().startswith(b"\xef\xbb\xbf")


def test_a_trial_writes_nothing(brand, tmp_path):
    file = write(tmp_path / "m.csv", "客户编号", "C1")
    assert "1 would be created" in run("import_members", file, "--dry-run")
    with tenant(brand.pk):
        assert not Member.objects.exists()


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        ("%PDF-1.7", [], "CSV"),
        ("号,手\n1,2", [], "/mapping/customer_no"),
        ("客户编号\nC1", ["--map", "phone=没有"], "没有"),
        ("客户编号\nC1", ["--option", "colour=blue"], "/options/colour"),
        ("客户编号\nC1", ["--profile", "none"], "none"),
        ("客户编号\nC1", ["--map", "phone"], "name=value"),
    ],
)
def test_a_refusal_is_told_and_ends_with_an_error(brand, tmp_path, content, arguments, said):
    with pytest.raises(CommandError, match=said):
        run("import_members", write(tmp_path / "m.csv", content), *arguments)


def test_one_of_several_brands_must_be_named(brand, tmp_path):
    BrandFactory()
    file = write(tmp_path / "m.csv", "客户编号", "C1")
    with pytest.raises(CommandError, match="--brand"):
        run("import_members", file)
    assert "1 were created" in run("import_members", file, "--brand", brand.code)


@pytest.mark.shared_data
@pytest.mark.skipif(not PURCHASES.exists(), reason=f"the real data is not at {PURCHASES}")
def test_the_real_purchase_history_equals_an_independent_computation(brand, tmp_path):
    frame = pd.read_csv(PURCHASES, dtype={"customer_id": str})
    frame["fen"] = (frame["amount_usd"] * 100).round().astype("int64")
    customers = tmp_path / "customers.csv"
    frame[["customer_id"]].drop_duplicates().to_csv(customers, index=False)
    run("import_members", customers, "--map", "customer_no=customer_id")
    columns = {
        "customer_no": "customer_id",
        "ordered_at": "date",
        "amount": "amount_usd",
        "quantity": "quantity",
    }
    arguments = [PURCHASES, "--option", "money_unit=foreign", "--option", "currency=USD"]
    for field, column in columns.items():
        arguments += ["--map", f"{field}={column}"]
    assert f"{len(frame):,} were created" in run("import_orders", *arguments)
    with tenant(brand.pk):
        assert Member.objects.count() == frame["customer_id"].nunique() == 23_570
        totals = Order.objects.aggregate(
            orders=Count("pk"), fen=Sum("amount_fen"), things=Sum("quantity")
        )
        assert totals == {
            "orders": len(frame),
            "fen": int(frame["fen"].sum()),
            "things": int(frame["quantity"].sum()),
        }
        assert (totals["orders"], totals["fen"]) == (69_659, 250_031_563)
        ours = pd.DataFrame(
            Order.objects.values("member__customer_no").annotate(
                n=Count("pk"),
                fen=Sum("amount_fen"),
                first=Min("ordered_at"),
                last=Max("ordered_at"),
            )
        ).set_index("member__customer_no")
    theirs = frame.groupby("customer_id").agg(
        n=("fen", "size"), fen=("fen", "sum"), first=("date", "min"), last=("date", "max")
    )
    ours = ours.loc[theirs.index]
    assert (ours["n"] == theirs["n"]).all()
    assert (ours["fen"] == theirs["fen"]).all()
    for side in ("first", "last"):
        local = pd.to_datetime(ours[side]).dt.tz_convert("Asia/Shanghai").dt.strftime("%Y-%m-%d")
        assert (local == theirs[side].astype(str)).all()
    again = run("import_orders", *arguments)
    assert f"0 were created, 0 updated, {len(frame):,} left unchanged, 0 rejected" in again
