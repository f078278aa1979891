"""Bad inputs 37–51 of invariants.md: through a file, a batch and the single entry alike."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from core.runs import services as runs
from members.imports import services
from members.imports.models import ImportJob
from members.orders.models import Order
from members.profiles.models import Member
from members.vehicles.models import Vehicle, VehicleModel
from tests.factories.members import MemberFactory, TagFactory
from tests.members.imports.conftest import table

pytestmark = pytest.mark.django_db
FAMILY = "👨\u200d👩\u200d👧"
COLUMNS = {
    "customer_no": "客户编号",
    "display_name": "姓名",
    "phone": "手机",
    "joined_on": "入会日期",
    "vin": "车架号",
    "model": "车型",
    "delivered_on": "交付日期",
    "order_no": "订单号",
    "ordered_at": "下单时间",
    "amount": "金额",
}


@pytest.fixture
def by_file(brand):
    """Bring one row in by a file; return the code of its refusal, or nothing."""

    def bring(subject="members", **row):
        now, actor = timezone.now(), system_viewer(brand.pk)
        file = table([COLUMNS[name] for name in row], list(row.values()))
        job = services.receive_file(
            file=file, name="客户.csv", subject=subject, actor=actor, now=now
        )
        with tenant(brand.pk):
            services.start_import(
                job_id=job.pk,
                mapping=job.mapping,
                options={},
                is_dry_run=False,
                actor=actor,
                now=now,
            )
        runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(seconds=30))
        with tenant(brand.pk):
            job = ImportJob.objects.get(pk=job.pk)
            return job.rejections.first().code if job.rejected_count else ""

    return bring


@pytest.fixture
def by_batch(client, api_key):
    """Send one row as a batch; return the code of its refusal, or nothing."""

    def send(kind="members", **row):
        answer = client.post(
            f"/api/v1/{kind}/batch/",
            json.dumps({"rows": [row]}),
            content_type="application/json",
            headers={"Authorization": f"Bearer {api_key}"},
        )
        assert answer.status_code == 200, answer.content
        [result] = answer.json()["results"]
        return result["errors"][0]["code"] if result["errors"] else ""

    return send


@pytest.fixture
def single(client, api_key):
    """Send one member by itself; return the pointer of its refusal, or nothing."""

    def send(**body):
        answer = client.post(
            "/api/v1/members/",
            json.dumps({"display_name": "某人"} | body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {api_key}"},
        )
        assert answer.status_code in {201, 422}, answer.content
        return answer.json()["errors"][0]["pointer"] if answer.status_code == 422 else ""

    return send


@pytest.fixture
def form(signed_in):
    """Enter one member by hand; return the field that was refused, or nothing."""

    def send(**body):
        given = {"display_name": "某人", "stage": "prospect"} | body
        answer = signed_in.post(reverse("members:members-new"), given)
        assert answer.status_code in {302, 422}
        return next(iter(answer.context["form"].errors)) if answer.status_code == 422 else ""

    return send


@pytest.fixture(params=["file", "batch", "single", "form"])
def enter(request):
    """One way in after the other: return whether a member with these values was taken."""
    way = request.getfixturevalue(
        {"file": "by_file", "batch": "by_batch"}.get(request.param, request.param)
    )

    def bring(**values):
        if request.param in {"file", "batch"}:
            values = {"customer_no": "C1"} | values
        return way(**values) == ""

    return bring


def only_member(brand):
    with tenant(brand.pk):
        return Member.objects.get()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        pytest.param("陈\u200b小\ufeff宇", "陈小宇", id="37 zero width"),
        pytest.param("\u202e陈小宇\u202c", "陈小宇", id="37 right to left"),
        pytest.param("陈\u200d小宇\u3164", "陈小宇", id="37 joiner and filler"),
        pytest.param("\u3164\u200b", None, id="37 nothing to see"),
        pytest.param("Аdmin", None, id="37 Cyrillic in Latin"),
        pytest.param("李 Tοm", None, id="37 Greek in Latin"),
        pytest.param("Ｔｏｍа", None, id="37 Cyrillic in full-width Latin"),
        pytest.param("王Tom和Иван", "王Tom和Иван", id="37 words of one alphabet each"),
        pytest.param("Ελένη", "Ελένη", id="37 wholly Greek"),
        pytest.param("Jose\u0301", "José", id="38 composed"),
        pytest.param("𠮷田", "𠮷田", id="39 beyond the basic plane"),
        pytest.param("阿卜杜拉·艾力", "阿卜杜拉·艾力", id="39 middle dot"),
        pytest.param(FAMILY, FAMILY, id="39 joined emoji"),
        pytest.param("{{7*7}}", "{{7*7}}", id="43 template"),
        pytest.param("<b>陈</b>", "<b>陈</b>", id="43 markup"),
        pytest.param("陈\r\n小宇", "陈 小宇", id="44 line break"),
        pytest.param("Z" + "\u0301" * 5000, None, id="40 ten kilobytes of accents"),
        pytest.param("Z" + "\u0301" * 9, None, id="40 a few too many accents"),
    ],
)
def test_37_to_44_a_name_is_kept_in_order_or_refused(enter, brand, typed, kept):
    assert enter(display_name=typed) == (kept is not None)
    if kept is None:
        with tenant(brand.pk):
            assert not Member.objects.exists()
    else:
        assert only_member(brand).display_name == kept


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("Café", "Cafe\u0301", id="38 composed and not"),
        pytest.param("C00１", "C001", id="38 full width"),
        pytest.param("C\u200b1", "C1", id="37 zero width"),
    ],
)
def test_38_two_ways_to_write_a_number_are_one_member(
    by_batch, by_file, single, brand, first, second
):
    assert single(customer_no=first) == ""
    assert single(customer_no=second) == "/customer_no"
    assert by_batch(customer_no=second, display_name="乙") == ""
    assert by_file(customer_no=first, display_name="丙") == ""
    assert only_member(brand).display_name == "丙"


@pytest.mark.parametrize(
    ("typed", "masked"),
    [
        pytest.param("１３８１１１１２２２２", "138****2222", id="41 full width"),
        pytest.param("+86 138-1111-2222", "138****2222", id="51 with +86 and spaces"),
        pytest.param("0571 8765 4321", "****4321", id="51 landline"),
        pytest.param("1381111222", None, id="51 a digit short"),
        pytest.param("1.38E+10", None, id="51 shortened by a spreadsheet"),
        pytest.param("138one1112222", None, id="51 with letters"),
    ],
)
def test_41_and_51_a_phone_is_normalized_or_refused(enter, brand, typed, masked):
    assert enter(phone=typed) == (masked is not None)
    if masked:
        assert only_member(brand).phone_masked == masked


@pytest.mark.parametrize("typed", ["%", "_", "'; --", "(a+)+$", "\\"])
def test_42_what_is_searched_for_is_meant_literally(signed_in, brand, typed):
    MemberFactory(brand=brand, display_name="陈小宇")
    assert not signed_in.get("/api/v1/members/", {"q": typed}).json()["results"]
    MemberFactory(brand=brand, display_name=f"{typed}陈")
    found = signed_in.get("/api/v1/members/", {"q": typed}).json()["results"]
    assert [row["display_name"] for row in found] == [f"{typed}陈"]


@pytest.mark.parametrize("name", ["{{7*7}}", "<script>alert(1)</script>"])
def test_43_markup_in_a_name_does_nothing_on_its_page(signed_in, brand, name):
    member = MemberFactory(brand=brand, display_name=name)
    page = signed_in.get(reverse("members:members-detail", args=[member.pk])).content.decode()
    assert "<script>alert(1)" not in page
    assert "49" not in page.split("<h1>")[1].split("</h1>")[0]


@pytest.mark.parametrize(
    ("column", "typed"),
    [
        pytest.param("姓名", "Аdmin", id="37 Cyrillic in Latin"),
        pytest.param("姓名", "Z" + "\u0301" * 9, id="40 too many accents"),
        pytest.param("手机", "1.38E+10", id="51 shortened by a spreadsheet"),
        pytest.param("入会日期", "2026-02-30", id="45 30 February"),
    ],
)
def test_the_command_refuses_as_the_console_does(brand, tmp_path, capsys, column, typed):
    file = tmp_path / "客户.csv"
    file.write_bytes(table(["客户编号", column], ["C1", typed]).read())
    call_command("import_members", str(file), "--brand", brand.code)
    assert f"row 2, {column}:" in capsys.readouterr().out
    with tenant(brand.pk):
        assert not Member.objects.exists()


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


MOMENTS = {
    "orders": ("/api/v1/orders/", "ordered_at", {"order_no": "O1", "customer_no": "C1"}),
    "tags": ("/api/v1/tags/{tag}/give/", "expires_at", {"member_ids": [1]}),
    "broadcasts": ("/api/v1/broadcasts/", "scheduled_at", {"name": "x"}),
    "consent texts": ("/api/v1/consent-texts/", "effective_from", {"purpose": "marketing"}),
}


@pytest.mark.parametrize("entry", MOMENTS)
@pytest.mark.parametrize(
    "typed",
    [
        "2024-03-01T10:00:00",
        1772330400000,
        "2026-02-30T10:00:00Z",
        "2026-02-28T24:00:01Z",
        "2026-02-28T10:60:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T01:00:00+08:00",
        "9999-12-31T23:59:59-12:00",
        "9999-12-31T00:00:00Z",
    ],
)
def test_45_and_46_by_the_single_entries_too(client, api_key, brand, entry, typed):
    url, name, body = MOMENTS[entry]
    MemberFactory(brand=brand, customer_no="C1")
    answer = client.post(
        url.format(tag=TagFactory(brand=brand).pk),
        json.dumps(body | {name: typed}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {api_key}"},
    )
    assert answer.status_code == 422
    assert f"/{name}" in [error["pointer"] for error in answer.json()["errors"]]


@pytest.mark.parametrize("place", ["orders", "stage-changes", "audit"])
@pytest.mark.parametrize("typed", ["2026-03-01T10:00:00", "2026-02-30T10:00:00Z", "1772330400000"])
def test_45_and_46_by_the_filters_too(signed_in, place, typed):
    answer = signed_in.get(f"/api/v1/{place}/", {"since": typed})
    assert answer.status_code == 400, answer.content


def test_38_an_order_finds_its_member_however_the_number_is_written(client, api_key, brand):
    MemberFactory(brand=brand, customer_no="C001")
    body = {"order_no": "O1", "customer_no": "C00１", "amount_fen": 1}
    answer = client.post(
        "/api/v1/orders/",
        json.dumps(body | {"ordered_at": "2024-03-01T10:00:00+08:00"}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {api_key}"},
    )
    assert answer.status_code == 201, answer.content


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


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        pytest.param("LSVAU2A3XN210000", "vin_length", id="49 16 characters"),
        pytest.param("LSVAU2A3XN21000011", "vin_length", id="49 18 characters"),
        pytest.param("LSVAU2A3XN21O0001", "vin_letters", id="49 O"),
        pytest.param("LSVAI2A3XN2100001", "vin_letters", id="49 I"),
        pytest.param("LSVAQ2A3XN2100001", "vin_letters", id="49 Q"),
        pytest.param("lsvau2a3xn2100001", "", id="49 lower case"),
        pytest.param("ＬＳＶＡＵ２Ａ３ＸＮ２１００００１", "", id="49 full width"),
    ],
)
def test_49_a_vin_is_normalized_or_refused(by_file, by_batch, brand, typed, code):
    with tenant(brand.pk):
        VehicleModel.objects.create(brand=brand, code="E7", name="远航 E7")
    MemberFactory(brand=brand, customer_no="C1")
    car = {"customer_no": "C1", "vin": typed, "model": "E7", "delivered_on": "2024-03-01"}
    assert by_batch("vehicles", **car) == code
    assert by_file(**car) == code
    with tenant(brand.pk):
        assert [row.vin_tail for row in Vehicle.objects.all()] == ([] if code else ["100001"])


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


def test_50_a_car_has_one_owner(by_file, by_batch, brand):
    with tenant(brand.pk):
        VehicleModel.objects.create(brand=brand, code="E7", name="远航 E7")
    for number in ("C1", "C2"):
        MemberFactory(brand=brand, customer_no=number)
    car = {"vin": "LSVAU2A3XN2100001", "model": "E7", "delivered_on": "2024-03-01"}
    assert by_batch("vehicles", customer_no="C1", **car) == ""
    assert by_batch("vehicles", customer_no="C2", **car) == "vin_taken"
    assert by_file(customer_no="C2", **car) == "vin_taken"
