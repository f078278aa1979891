"""Bad inputs 37–51 by the single entries: refused as promised, or kept in order.

What is refused is held to the same promises as 22–36 are; what is kept comes as quickly. Files
and batches take the same values in ``tests/members/imports``.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.core.signals import request_started

from core.kernel.scoping import tenant
from members.privacy.models import ConsentText
from members.vehicles.models import Vehicle
from tests.bad_inputs import Bad, assert_refused, send
from tests.factories.members import (
    MemberFactory,
    OwnershipFactory,
    TagFactory,
    VehicleFactory,
    VehicleModelFactory,
)

pytestmark = pytest.mark.django_db
MEMBERS, ORDERS, OWNERSHIPS = "/api/v1/members/", "/api/v1/orders/", "/api/v1/ownerships/"
PAIRS = ("members_duplicatepair",)
MEMBER, MARKUP, OTHER, MODEL, OWNERSHIP, TAG = 70_001, 70_002, 70_003, 70_004, 70_005, 70_006
SEARCHED = 70_100  # and the next: whose name begins with a sign
OWNED, VIN = "LSVAM4187C2184847", "LSVAU2A3XN2100001"  # their check digits are right
FAMILY = "👨\u200d👩\u200d👧"
SIGNS = ["%", "_", "'; --", "(a+)+$", "\\", "{{7*7}}"]
LITERAL = "<script>alert(1)</script>{{7*7}}"
FORGED = "2026-11-22 08:00:00 INFO core.audit all is well"


@dataclass(frozen=True)
class Kept:
    """A call that is taken, and what is there of it afterwards."""

    number: int
    name: str
    value: Any
    reads: Callable[[Any], Any]
    body: bytes = b""
    url: str = MEMBERS
    method: str = "POST"
    status: int = 201
    content_type: str = "application/json"
    headers: dict = field(default_factory=dict)

    def __str__(self):
        return f"{self.number} {self.name}"


def of_answer(name):
    return lambda answer: answer.json()[name]


def a_member(**values):
    return json.dumps({"display_name": "某人"} | values).encode()


def an_order(at):
    body = {"order_no": "O-70007", "member": MEMBER, "ordered_at": at, "amount_fen": 1}
    return json.dumps(body).encode()


def a_car(vin, on="2024-03-01"):
    body = {"member": OTHER, "vin": vin, "model": MODEL, "delivered_on": on}
    return json.dumps(body).encode()


def full_width(text):
    return "".join(chr(ord(letter) + 0xFEE0) for letter in text)


def refused_name(number, name, typed):
    return Bad(number, name, 422, a_member(display_name=typed), MEMBERS, pointer="/display_name")


def refused_phone(number, name, typed):
    return Bad(number, name, 422, a_member(phone=typed), MEMBERS, pointer="/phone")


def refused_vin(name, vin, code):
    return Bad(49, name, 422, a_car(vin), OWNERSHIPS, pointer="/vin", error=code)


def kept_name(number, name, typed, value=None):
    reads = of_answer("display_name")
    return Kept(number, name, value or typed, reads, a_member(display_name=typed))


def kept_phone(number, name, typed, value):
    return Kept(number, name, value, of_answer("phone_masked"), a_member(phone=typed))


def kept_vin(name, vin):
    return Kept(49, name, VIN[-6:], lambda _answer: newest_tail(), a_car(vin), OWNERSHIPS)


def newest_tail():
    return Vehicle.objects.latest("pk").vin_tail


def searched(sign):
    def reads(answer):
        return [row["id"] for row in answer.json()["results"]]

    url = f"{MEMBERS}?{urlencode({'q': sign})}"
    return Kept(42, sign, [SEARCHED + SIGNS.index(sign)], reads, url=url, method="GET", status=200)


def typed_in_shanghai(name, typed, hour):
    """By the form, as there alone a time comes without a zone."""
    body = {"purpose": "marketing", "version": "1", "body": "同意", "effective_from": typed}
    return Kept(
        47,
        name,
        f"{typed[:10]}T{hour:02}:00:00+00:00",
        lambda _answer: ConsentText.objects.get().effective_from.isoformat(),
        urlencode(body).encode(),
        "/members/consent-texts/new/",
        status=302,
        content_type="application/x-www-form-urlencoded",
    )


# Where the single entries take a moment: its name, and enough of a body around it.
MOMENTS = {
    ORDERS: ("ordered_at", {"order_no": "O-70008", "member": MEMBER, "amount_fen": 1}),
    f"/api/v1/tags/{TAG}/give/": ("expires_at", {"member_ids": [MEMBER]}),
    "/api/v1/broadcasts/": ("scheduled_at", {"name": "xx"}),
    "/api/v1/consent-texts/": ("effective_from", {"purpose": "marketing"}),
    "/api/v1/events/": ("starts_at", {"kind": "salon", "name": "xx"}),
}
NO_MOMENTS = [
    (45, "2026-02-30T10:00:00Z"),
    (45, "2026-02-28T24:00:00Z"),
    (45, "2026-02-28T24:00:01Z"),
    (45, "2026-02-28T10:60:00Z"),
    (45, "2026-02-28T10:00:60Z"),
    (45, "0000-01-01T00:00:00Z"),
    (45, "0001-01-01T01:00:00+08:00"),
    (45, "9999-12-31T23:59:59-12:00"),
    (45, "9999-12-31T00:00:00Z"),
    (46, "2024-03-01T10:00:00"),
    (46, "2024-03-01"),
    (46, 1772330400000),
    (46, "1772330400000"),
]
BACK = {"since": "2026-03-02T00:00:00Z", "until": "2026-03-01T00:00:00Z"}
EVENT = {"kind": "salon", "name": "露营", "starts_at": BACK["since"], "ends_at": BACK["until"]}
DAYS_BACK = {
    "field": "joined",
    "cmp": "between",
    "value": {"from": "2026-03-02", "to": "2026-03-01"},
}
SEGMENT = {"name": "新客", "tree": {"op": "all", "items": [DAYS_BACK]}}

BAD_VALUES = [
    refused_name(37, "nothing to see", "\u3164\u200b"),
    refused_name(37, "Cyrillic in Latin", "Аdmin"),
    refused_name(37, "Greek in Latin", "李 Tοm"),
    refused_name(37, "Cyrillic in full-width Latin", "Ｔｏｍа"),
    Bad(
        38,
        "the number of somebody, not composed",
        422,
        a_member(customer_no="Cafe\u0301-70001"),
        MEMBERS,
        pointer="/customer_no",
    ),
    Bad(
        38,
        "the number of somebody in full width",
        422,
        a_member(customer_no=f"Café-{full_width('70001')}"),
        MEMBERS,
        pointer="/customer_no",
    ),
    refused_name(40, "ten kilobytes of accents", "Z" + "\u0301" * 5000),
    refused_name(40, "a few too many accents", "Z" + "\u0301" * 9),
    refused_phone(41, "full-width digits, one short", full_width("1381111222")),
    Bad(
        44,
        "line breaks in an address",
        404,
        url=f"{MEMBERS}{quote(chr(13) + chr(10) + FORGED)}/",
        method="GET",
    ),
    Bad(
        44,
        "a bell in a number",
        422,
        a_member(customer_no="a\u0007b-forged"),
        MEMBERS,
        pointer="/customer_no",
    ),
    *(
        Bad(
            number,
            f"{url} {typed}",
            422,
            json.dumps(body | {name: typed}).encode(),
            url,
            pointer=f"/{name}",
        )
        for url, (name, body) in MOMENTS.items()
        for number, typed in NO_MOMENTS
    ),
    *(
        Bad(45, f"a day: {typed}", 422, a_car(VIN, typed), OWNERSHIPS, pointer="/delivered_on")
        for typed in ("2026-02-30", "0000-01-01", "2026-02-28T24:00:00Z", "05/06/2026")
    ),
    *(
        Bad(
            46,
            f"{place} since {typed}",
            400,
            url=f"/api/v1/{place}/?{urlencode({'since': typed})}",
            method="GET",
            pointer="?since",
        )
        for place in ("orders", "stage-changes", "audit")
        for typed in ("2026-03-01T10:00:00", "2026-02-30T10:00:00Z", "1772330400000")
    ),
    *(
        Bad(
            48,
            place,
            422,
            url=f"/api/v1/{place}/?{urlencode(BACK)}",
            method="GET",
            pointer="?until",
            error="ends_before_start",
        )
        for place in ("orders", "stage-changes", "audit")
    ),
    Bad(48, "an event", 422, json.dumps(EVENT).encode(), "/api/v1/events/", pointer="/ends_at"),
    Bad(
        48,
        "days of a condition",
        422,
        json.dumps(SEGMENT).encode(),
        "/api/v1/segments/",
        pointer="/tree/items/0/value/to",
        error="ends_before_start",
    ),
    Bad(
        48,
        "an ownership",
        422,
        b'{"ended_on": "2024-02-29"}',
        f"{OWNERSHIPS}{OWNERSHIP}/end/",
        pointer="/ended_on",
        error="ends_before_start",
    ),
    Bad(
        48,
        "handing a car on",
        422,
        json.dumps({"on": "2024-02-29", "to": OTHER}).encode(),
        f"{OWNERSHIPS}{OWNERSHIP}/transfer/",
        pointer="/on",
        error="ends_before_start",
    ),
    refused_vin("16 characters", VIN[:16], "vin_length"),
    refused_vin("18 characters", f"{VIN}7", "vin_length"),
    refused_vin("nothing", "", "blank"),
    refused_vin("an I", f"I{VIN[1:]}", "vin_letters"),
    refused_vin("an O", f"O{VIN[1:]}", "vin_letters"),
    refused_vin("a Q", f"Q{VIN[1:]}", "vin_letters"),
    refused_vin("a wrong check digit", f"{VIN[:8]}0{VIN[9:]}", "vin_check_digit"),
    refused_vin("a plate", "鲁A12345鲁A12345鲁A1", "vin_letters"),
    *(
        # Whose car it is stays as a pair to be judged.
        Bad(50, name, 409, a_car(vin), OWNERSHIPS, code="vehicle_owned", leaves=PAIRS)
        for name, vin in {
            "owned": OWNED,
            "owned, in small letters": OWNED.lower(),
            "owned, in full width": full_width(OWNED),
            "owned, with a space": f" {OWNED[:9]} {OWNED[9:]}",
        }.items()
    ),
    refused_phone(51, "a digit short", "1381111222"),
    refused_phone(51, "+86 and a digit short", "+86 1381111222"),
    refused_phone(51, "shortened by a spreadsheet", "1.38E+10"),
    refused_phone(51, "with letters", "138one1112222"),
]
KEPT_VALUES = [
    kept_name(37, "zero width", "陈\u200b小\ufeff宇", "陈小宇"),
    kept_name(37, "right to left", "\u202e陈小宇\u202c", "陈小宇"),
    kept_name(37, "joiner and filler", "陈\u200d小宇\u3164", "陈小宇"),
    kept_name(37, "words of one alphabet each", "王Tom和Иван"),
    kept_name(37, "wholly Greek", "Ελένη"),
    kept_name(38, "composed", "Jose\u0301", "José"),
    kept_name(39, "beyond the basic plane", "𠮷田"),
    kept_name(39, "middle dot", "阿卜杜拉·艾力"),
    kept_name(39, "joined emoji", FAMILY),
    kept_phone(41, "full width", full_width("13811112222"), "138****2222"),
    *(searched(sign) for sign in SIGNS),
    kept_name(43, "template", "{{7*7}}"),
    kept_name(43, "markup", "<b>陈</b>"),
    Kept(
        43,
        "markup on its page",
        (False, True),
        lambda answer: (
            "<script>alert(1)" in answer.content.decode(),
            "{{7*7}}" in heading(answer),
        ),
        url=f"/members/{MARKUP}/",
        method="GET",
        status=200,
    ),
    kept_name(44, "line break in a name", "陈\r\n小宇", "陈 小宇"),
    Kept(
        46,
        "with a zone",
        "2024-03-01T10:00:00+08:00",
        of_answer("ordered_at"),
        an_order("2024-03-01T10:00:00+08:00"),
        ORDERS,
    ),
    typed_in_shanghai("summer time", "1988-07-01T12:00", 3),
    typed_in_shanghai("winter", "1988-12-01T12:00", 4),
    typed_in_shanghai("after it was given up", "1992-07-01T12:00", 4),
    kept_vin("as it stands", VIN),
    kept_vin("in small letters", VIN.lower()),
    kept_vin("in full width", full_width(VIN)),
    kept_vin("with spaces", f" {VIN[:9]} {VIN[9:]} "),
    kept_phone(51, "with +86 and spaces", "+86 138-1111-2222", "138****2222"),
    kept_phone(51, "landline", "0571 8765 4321", "****4321"),
]


def heading(answer):
    return answer.content.decode().split("<h1>")[1].split("</h1>")[0]


@pytest.fixture
def world(brand):
    """Whom and what the calls name."""
    member = MemberFactory(brand=brand, id=MEMBER, display_name="陈小宇", customer_no="Café-70001")
    MemberFactory(brand=brand, id=MARKUP, display_name=LITERAL)
    for number, sign in enumerate(SIGNS, SEARCHED):
        MemberFactory(brand=brand, id=number, display_name=f"{sign}陈")
    MemberFactory(brand=brand, id=OTHER, display_name="林晓东")
    model = VehicleModelFactory(brand=brand, id=MODEL)
    car = VehicleFactory(brand=brand, model=model, vin=OWNED)
    OwnershipFactory(
        brand=brand, id=OWNERSHIP, member=member, vehicle=car, delivered_on="2024-03-01"
    )
    TagFactory(brand=brand, id=TAG)


@pytest.mark.parametrize("bad", BAD_VALUES, ids=str)
def test_a_bad_value_is_refused_as_promised(bad, world, signed_in, brand, caplog):
    assert_refused(bad, signed_in, brand, caplog)


@pytest.mark.parametrize("kept", KEPT_VALUES, ids=str)
def test_what_is_taken_is_kept_in_order(kept, world, signed_in, brand):
    answer = send(kept, signed_in)
    with tenant(brand.pk):
        assert kept.reads(answer) == kept.value


def test_every_number_of_the_list_is_driven():
    refused, kept = ({each.number for each in table} for table in (BAD_VALUES, KEPT_VALUES))
    assert refused | kept == set(range(37, 52))
    # What may only be kept: letters of names, signs in searches and markup, the clocks of Shanghai.
    assert set(range(37, 52)) - refused == {39, 42, 43, 47}


def test_a_value_in_the_log_is_noticed(world, signed_in, brand, caplog):
    """The control: a line that quotes what was sent fails the table's check."""
    bad = refused_phone(51, "a digit short", "1381111222")

    def talk(**_given):
        logging.getLogger("members").warning("refused: %s", "1381111222")

    request_started.connect(talk)
    try:
        with pytest.raises(AssertionError, match="1381111222"):
            assert_refused(bad, signed_in, brand, caplog)
    finally:
        request_started.disconnect(talk)
