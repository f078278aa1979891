import pytest

from tests.factories.core import BrandFactory, DealerFactory, RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db

API = "/api/v1/orders/"
ORDER = {"order_no": "A1", "ordered_at": "2024-11-21T16:00:00+08:00", "amount_fen": 4850}


def send(client, **changes):
    return client.post(API, ORDER | changes, content_type="application/json")


def pointers(response):
    return {entry["pointer"] for entry in response.json()["errors"]}


@pytest.fixture
def member(brand):
    return MemberFactory(brand=brand, customer_no="C1", phone="+8613812345678")


@pytest.mark.parametrize("owner", ["member", "customer_no", "phone"])
def test_an_order_finds_its_member_by_any_name(signed_in, member, owner):
    names = {"member": member.pk, "customer_no": "C1", "phone": "138 1234 5678"}
    made = send(signed_in, **{owner: names[owner]})
    assert made.status_code == 201, made.content
    assert signed_in.get(made["Location"]).json()["member"] == member.pk


def test_the_same_order_again_answers_200_and_another_content_409(signed_in, member):
    send(signed_in, customer_no="C1")
    assert send(signed_in, customer_no="C1").status_code == 200
    assert send(signed_in, customer_no="C1", amount_fen=1).status_code == 409
    assert len(signed_in.get(API).json()["results"]) == 1


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"ordered_at": "2024-11-21T16:00:00"}, "/ordered_at"),
        ({"ordered_at": "2026-02-30T16:00:00Z"}, "/ordered_at"),
        ({"amount_fen": -1}, "/amount_fen"),
        ({"amount_fen": 48.5}, "/amount_fen"),
        ({"order_no": "\u200b"}, "/order_no"),
        ({"order_no": "a\u0007b"}, "/order_no"),
        ({"order_no": "x" * 65}, "/order_no"),
        ({"customer_no": "C9"}, "/customer_no"),
        ({"member": 10**12, "customer_no": None}, "/customer_no"),
        ({"phone": "13812345678"}, "/member"),
        ({"brand_id": 1}, "/brand_id"),
    ],
)
def test_a_bad_order_names_its_field(signed_in, member, changes, pointer):
    refused = send(signed_in, **({"customer_no": "C1"} | changes))
    assert refused.status_code == 422
    assert pointer in pointers(refused)
    assert signed_in.get(API).json()["results"] == []


def test_a_dealer_sees_and_records_orders_of_its_own_members_only(client, brand):
    own, other = DealerFactory(brand=brand), DealerFactory(brand=brand)
    MemberFactory(brand=brand, customer_no="OWN", home_dealer=own)
    MemberFactory(brand=brand, customer_no="OTHER", home_dealer=other)
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role="dealer_staff", dealer=own)
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    assert send(client, customer_no="OWN").status_code == 201
    assert send(client, customer_no="OTHER", order_no="A2").status_code == 422
    assert [row["order_no"] for row in client.get(API).json()["results"]] == ["A1"]


def test_the_list_is_narrowed_by_member_and_time(signed_in, member):
    send(signed_in, customer_no="C1")
    send(signed_in, customer_no="C1", order_no="A2", ordered_at="2024-11-22T00:00:00Z")

    def numbers(**query):
        return [row["order_no"] for row in signed_in.get(API, query).json()["results"]]

    assert numbers(member=member.pk) == ["A2", "A1"]
    assert numbers(until="2024-11-22T00:00:00Z") == ["A1"]
    assert numbers(since="2024-11-22T00:00:00Z") == ["A2"]
    assert numbers(order_no="A1") == ["A1"]


def test_another_brands_order_does_not_exist(signed_in, client, member):
    order_id = send(signed_in, customer_no="C1").json()["id"]
    other = StaffFactory(brand=BrandFactory())
    RoleGrantFactory(brand=other.brand, staff=other, role="hq_admin")
    client.force_login(other, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(f"{API}{order_id}/").status_code == 404


def test_an_order_has_a_category_and_the_list_is_narrowed_by_it(signed_in, member):
    made = send(signed_in, customer_no="C1", category=" ＡＣ配件 ")
    assert made.status_code == 201, made.content
    assert made.json()["category"] == "AC配件"
    send(signed_in, customer_no="C1", order_no="A2")
    listed = signed_in.get(API, {"category": "AC配件"}).json()["results"]
    assert [row["order_no"] for row in listed] == ["A1"]
    for wrong in ("品" * 21, "精\x07品"):
        refused = send(signed_in, customer_no="C1", order_no="A3", category=wrong)
        assert refused.status_code == 422
        assert pointers(refused) == {"/category"}
