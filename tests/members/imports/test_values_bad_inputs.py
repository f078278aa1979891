"""Bad inputs 37–51 of invariants.md: through a file, a batch and a form alike.

``tests/test_bad_values.py`` sends them to the single entries.
"""

import json

import pytest
from django.core.management import call_command
from django.urls import reverse

from core.kernel.scoping import tenant
from members.profiles.models import Member
from members.vehicles.models import Vehicle, VehicleModel
from tests.factories.members import MemberFactory
from tests.members.imports.conftest import table

pytestmark = pytest.mark.django_db
FAMILY = "👨\u200d👩\u200d👧"


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


@pytest.fixture(params=["file", "batch", "form"])
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


def test_37_a_number_that_nobody_sees_is_no_key(by_batch, by_file, brand):
    assert by_batch(customer_no="\u200b", display_name="甲") == "no_key"
    assert by_file(customer_no="\u3164", display_name="乙") == "no_key"
    MemberFactory(brand=brand, customer_no="C1")
    order = {"customer_no": "C1", "ordered_at": "2024-03-01T10:00:00+08:00"}
    assert by_batch("orders", order_no="\u200b", amount_fen=1, **order) == "required"
    assert by_file("orders", order_no="\u200b", amount="1", **order) == "required"
    assert only_member(brand).customer_no == "C1"


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


def test_50_a_car_has_one_owner(by_file, by_batch, brand):
    with tenant(brand.pk):
        VehicleModel.objects.create(brand=brand, code="E7", name="远航 E7")
    for number in ("C1", "C2"):
        MemberFactory(brand=brand, customer_no=number)
    car = {"vin": "LSVAU2A3XN2100001", "model": "E7", "delivered_on": "2024-03-01"}
    assert by_batch("vehicles", customer_no="C1", **car) == ""
    assert by_batch("vehicles", customer_no="C2", **car) == "vin_taken"
    assert by_file(customer_no="C2", **car) == "vin_taken"
