"""Members, cars and orders in batches, as programs send them."""

import json
from datetime import date

import pytest

from core.audit.models import AuditEntry
from core.kernel.scoping import tenant
from members.orders.models import Order
from members.orders.selectors import categories_in_use
from members.profiles.models import Member
from members.vehicles.models import Ownership, Vehicle, VehicleModel
from tests.factories.core import DealerFactory, RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"
VIN, OTHER_VIN = "LSVAU2A3XN2100001", "LSVAU2A31N2100002"


@pytest.fixture
def send(client, api_key):
    def post(kind, rows, body=None, **headers):
        return client.post(
            f"/api/v1/{kind}/batch/",
            json.dumps({"rows": rows} | (body or {})),
            content_type="application/json",
            headers={"Authorization": f"Bearer {api_key}"} | headers,
        )

    return post


@pytest.fixture
def chen(brand):
    return MemberFactory(
        brand=brand, customer_no="C1", display_name="陈小宇", phone="+8613811112222"
    )


@pytest.fixture
def model(brand):
    with tenant(brand.pk):
        return VehicleModel.objects.create(brand=brand, code="E7", name="远航 E7")


def outcomes(answer):
    assert answer.status_code == 200, answer.content
    return [row["outcome"] for row in answer.json()["results"]]


def refusals(answer):
    return [
        [(error["pointer"], error["code"]) for error in row["errors"]]
        for row in answer.json()["results"]
    ]


def test_each_row_is_created_updated_unchanged_or_refused_in_order(send, brand, chen):
    rows = [
        {"customer_no": "C2", "display_name": "林可欣", "phone": "１３９ 1111 2222"},
        {"customer_no": "C1", "display_name": "陈晓宇"},
        {"phone": "13811113333"},
        {"customer_no": "C3", "phone": "1381"},
        {"customer_no": "C4", "city": "某地", "stage": "king"},
        {},
    ]
    answer = send("members", rows)
    assert outcomes(answer) == ["created", "updated", "created", "refused", "refused", "refused"]
    assert refusals(answer)[3:] == [
        [("/rows/3/phone", "phone")],
        [("/rows/4/city", "city"), ("/rows/4/stage", "stage")],
        [("/rows/5/customer_no", "no_key")],
    ]
    assert answer.json()["counts"] == {"created": 2, "updated": 1, "unchanged": 0, "refused": 3}
    told = answer.json()["results"]
    with tenant(brand.pk):
        assert told[1]["id"] == chen.pk
        assert Member.objects.get(pk=told[0]["id"]).phone_masked == "139****2222"
        entry = AuditEntry.objects.get(action="batch.brought_in")
        assert (entry.data["created"], entry.data["refused"]) == (2, 3)
    again = send("members", rows[:3])
    assert outcomes(again) == ["unchanged"] * 3
    assert [row["id"] for row in again.json()["results"]] == [row["id"] for row in told[:3]]


def test_rows_of_a_wrong_shape_keep_no_other_out(send, brand):
    rows = [
        {"customer_no": "C1", "tenant_id": 7},
        {"customer_no": 5},
        {"customer_no": "C2", "version": True},
        {"customer_no": "C3", "display_name": None},
        {"customer_no": "C3"},
    ]
    answer = send("members", rows)
    assert outcomes(answer) == ["refused", "refused", "refused", "created", "refused"]
    assert refusals(answer) == [
        [("/rows/0/tenant_id", "unknown_field")],
        [("/rows/1/customer_no", "wrong_type")],
        [("/rows/2/version", "wrong_type")],
        [],
        [("/rows/4/customer_no", "duplicate")],
    ]


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({}, 422, "/rows"),
        ({"rows": 5}, 422, "/rows"),
        ({"rows": []}, 422, "/rows"),
        ({"rows": [{"customer_no": "C1"}, 7]}, 422, "/rows/1"),
        ({"rows": [{"customer_no": "C1"}], "brand": 1}, 422, "/brand"),
        ({"rows": [{"customer_no": "C1"}] * 1001}, 413, None),
    ],
)
@pytest.mark.parametrize("kind", ["members", "vehicles", "orders", "member-tags"])
def test_a_body_that_is_wrong_as_a_whole_writes_nothing(
    client, api_key, brand, kind, body, status, pointer
):
    answer = client.post(
        f"/api/v1/{kind}/batch/",
        json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {api_key}"},
    )
    assert answer.status_code == status
    if pointer:
        assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    with tenant(brand.pk):
        assert not Member.objects.exists()


def test_27_a_row_read_at_an_old_version_is_refused_and_the_others_are_not(send, brand, chen):
    rows = [
        {"customer_no": "C1", "display_name": "甲", "version": 1},
        {"customer_no": "C9", "version": 1},
        {"customer_no": "C2", "display_name": "乙"},
    ]
    assert outcomes(send("members", rows)) == ["updated", "refused", "created"]
    late = send("members", [{"customer_no": "C1", "display_name": "丙", "version": 1}])
    assert refusals(late) == [[("/rows/0/version", "stale_version")]]
    huge = send("members", [{"customer_no": "C1", "display_name": "丙", "version": 2**70}])
    assert outcomes(huge) == ["refused"]
    with tenant(brand.pk):
        chen.refresh_from_db()
    assert (chen.display_name, chen.version) == ("甲", 2)


def test_the_number_of_queries_does_not_depend_on_the_rows(
    send, brand, model, django_assert_max_num_queries
):
    def ask(kind, rows):
        with django_assert_max_num_queries(200) as captured:
            outcomes(send(kind, rows))
        return len(captured.captured_queries)

    def members(first, count):
        return [{"customer_no": f"Q{n}", "app_user": f"a{n}"} for n in range(first, first + count)]

    def orders(first, count):
        return [
            {
                "order_no": f"O{n}",
                "customer_no": f"Q{n}",
                "ordered_at": "2024-03-01T10:00:00Z",
                "amount_fen": n,
            }
            for n in range(first, first + count)
        ]

    ask("members", members(0, 1))  # The first of a day notes when its key was last used.
    assert ask("members", members(100, 1)) == ask("members", members(1, 60))
    assert ask("orders", orders(0, 1)) == ask("orders", orders(1, 60))


def test_the_same_key_takes_effect_once(send, brand):
    rows = [{"customer_no": "C1"}]
    first = send("members", rows, **{"Idempotency-Key": "a"})
    again = send("members", rows, **{"Idempotency-Key": "a"})
    assert outcomes(first) == outcomes(again) == ["created"]
    assert again["Idempotency-Replayed"] == "true"
    reused = send("members", [{"customer_no": "C2"}], **{"Idempotency-Key": "a"})
    assert reused.status_code == 422


def test_a_car_goes_to_a_known_member_and_to_no_second_one(send, brand, chen, model):
    MemberFactory(brand=brand, customer_no="C2")
    car = {"vin": VIN.lower(), "model": "远航 E7", "delivered_on": "2024-03-01"}
    rows = [
        car | {"customer_no": "C1"},
        car | {"vin": OTHER_VIN, "phone": "13811112222"},
        car | {"vin": "LSVAU2A33N2100003", "customer_no": "nobody"},
        car | {"vin": "LSVAU2A33N2100003", "customer_no": "C1", "phone": "13811112222"},
        {"vin": "LSVAU2A35N2100004", "customer_no": "C1"},
    ]
    answer = send("vehicles", rows)
    assert outcomes(answer) == ["updated", "updated", "refused", "refused", "refused"]
    assert refusals(answer)[2:] == [
        [("/rows/2/customer_no", "member_unknown")],
        [("/rows/3/phone", "member_twice")],
        [("/rows/4/model", "vehicle_incomplete")],
    ]
    with tenant(brand.pk):
        assert Vehicle.objects.get(vin_tail="100001").pk == answer.json()["results"][0]["id"]
        assert Ownership.objects.filter(member_id=chen.pk).count() == 2
        assert Member.objects.count() == 2
    taken = send("vehicles", [car | {"customer_no": "C2"}, rows[0]])
    assert refusals(taken)[0] == [("/rows/0/vin", "vin_taken")]
    assert outcomes(send("vehicles", rows[:1])) == ["unchanged"]


def test_48_a_car_is_not_delivered_while_somebody_else_still_had_it(send, brand, chen, model):
    heir = MemberFactory(brand=brand, customer_no="C2")
    car = {"vin": VIN, "model": "E7", "delivered_on": "2024-03-01"}
    assert outcomes(send("vehicles", [car | {"customer_no": "C1"}])) == ["updated"]
    with tenant(brand.pk):
        Ownership.objects.update(ended_on=date(2024, 5, 1))
    other = {"customer_no": "C1", "vin": OTHER_VIN}
    rows = [car | other, car | {"customer_no": "C2", "delivered_on": "2024-04-30"}]
    answer = send("vehicles", rows)
    assert outcomes(answer) == ["updated", "refused"]
    assert refusals(answer)[1] == [("/rows/1/delivered_on", "vin_dates")]
    assert outcomes(send("vehicles", [rows[1] | {"delivered_on": "2024-05-01"}])) == ["updated"]
    with tenant(brand.pk):
        assert Ownership.objects.get(member=heir).delivered_on == date(2024, 5, 1)


def test_50_of_two_rows_that_claim_one_car_the_first_counts(send, brand, chen, model):
    MemberFactory(brand=brand, customer_no="C2")
    car = {"vin": VIN, "model": "E7", "delivered_on": "2024-03-01"}
    answer = send("vehicles", [car | {"customer_no": "C1"}, car | {"customer_no": "C2"}])
    assert outcomes(answer) == ["updated", "refused"]
    assert refusals(answer)[1] == [("/rows/1/vin", "duplicate")]


def test_a_check_digit_matters_on_cars_built_here(send, brand, chen, model):
    car = {
        "vin": "LSVAU2A30N2100001",
        "model": "E7",
        "delivered_on": "2024-03-01",
        "customer_no": "C1",
    }
    assert refusals(send("vehicles", [car])) == [[("/rows/0/vin", "vin_check_digit")]]
    taken = send("vehicles", [car], {"is_domestic": False})
    assert outcomes(taken) == ["updated"]
    [row] = taken.json()["results"]
    told = [(each["pointer"], each["code"]) for each in row["warnings"]]
    assert (told, row["errors"]) == ([("/rows/0/vin", "vin_check_digit")], [])


def test_orders_come_in_once_and_belong_to_somebody(send, brand, chen):
    rows = [
        {
            "order_no": "SO-1",
            "customer_no": "C1",
            "ordered_at": "2024-03-01T10:00:00+08:00",
            "amount_fen": 129900,
            "quantity": 2,
            "channel": "mall",
        },
        {
            "order_no": "SO-2",
            "phone": "+86 138-1111-2222",
            "ordered_at": "2024-03-01T10:00:00Z",
            "amount_fen": 1,
        },
        {
            "order_no": "SO-3",
            "customer_no": "nobody",
            "ordered_at": "2024-03-01T10:00:00Z",
            "amount_fen": 1,
        },
        {"customer_no": "C1", "amount_fen": -1},
        {
            "order_no": "SO-5",
            "customer_no": "C1",
            "ordered_at": "2024-03-01T10:00:00Z",
            "amount_fen": 10**30,
        },
    ]
    answer = send("orders", rows)
    assert outcomes(answer) == ["created", "created", "refused", "refused", "refused"]
    assert [errors[0] for errors in refusals(answer)[2:]] == [
        ("/rows/2/customer_no", "member_unknown"),
        ("/rows/3/amount_fen", "money_negative"),
        ("/rows/4/amount_fen", "money_too_large"),
    ]
    with tenant(brand.pk):
        first = Order.objects.get(order_no="SO-1")
    assert (first.amount_fen, first.quantity, first.channel) == (129900, 2, "mall")
    assert first.ordered_at.isoformat() == "2024-03-01T02:00:00+00:00"
    again = send("orders", [rows[0] | {"amount_fen": 99900}, rows[1]])
    assert outcomes(again) == ["updated", "unchanged"]
    assert again.json()["results"][0]["id"] == first.pk


def test_a_category_is_told_changed_and_left_alone(send, brand, chen):
    order = {
        "order_no": "SO-1",
        "customer_no": "C1",
        "ordered_at": "2024-03-01T10:00:00Z",
        "amount_fen": 1,
    }
    others = [order | {"order_no": "SO-2", "category": "品" * 21}]
    others.append(order | {"order_no": "SO-3", "category": "精\x07品"})
    answer = send("orders", [order | {"category": " ＡＣ配件"}, *others])
    assert outcomes(answer) == ["created", "refused", "refused"]
    assert [errors[0] for errors in refusals(answer)[1:]] == [
        ("/rows/1/category", "too_long"),
        ("/rows/2/category", "control_character"),
    ]
    asked = [order | {"category": "AC配件"}, order, order | {"category": "精品"}]
    assert [outcomes(send("orders", [row])) for row in asked] == [
        ["unchanged"],
        ["unchanged"],
        ["updated"],
    ]
    with tenant(brand.pk):
        assert Order.objects.get().category == "精品"
        assert categories_in_use(brand.pk) == ["AC配件", "精品"]


def test_a_dealers_people_send_no_batches(client, brand):
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(
        brand=brand, staff=staff, role="dealer_staff", dealer=DealerFactory(brand=brand)
    )
    client.force_login(staff, backend=BACKEND)
    answer = client.post(
        "/api/v1/members/batch/", '{"rows": [{"customer_no": "C1"}]}', "application/json"
    )
    assert answer.status_code == 403


@pytest.mark.usefixtures("chen")
def test_an_order_number_has_one_form_by_every_door(client, send, api_key):
    """Sent alone in full width, in a batch, and asked for: it is one order."""
    order = {"customer_no": "C1", "ordered_at": "2026-05-06T02:00:00Z", "amount_fen": 100}
    key = {"Authorization": f"Bearer {api_key}"}
    one = order | {"order_no": "ＳＯ－1　 2"}
    alone = client.post("/api/v1/orders/", one, content_type="application/json", headers=key)
    assert alone.status_code == 201, alone.content
    assert outcomes(send("orders", [order | {"order_no": "SO-1 2"}])) == ["unchanged"]
    asked = client.get("/api/v1/orders/", {"order_no": "ＳＯ-1 2"}, headers=key).json()
    assert [found["order_no"] for found in asked["results"]] == ["SO-1 2"]
