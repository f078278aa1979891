from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from core.kernel.scoping import tenant
from events.points.models import PointsEntry
from tests.factories.core import BrandFactory
from tests.factories.members import MemberFactory
from tests.factories.points import balance, post

pytestmark = pytest.mark.django_db
ENTRIES = "/api/v1/points/entries/"
BATCH = f"{ENTRIES}batch/"


@pytest.fixture
def api(api_key):
    return Client(headers={"Authorization": f"Bearer {api_key}"})


@pytest.fixture
def member(brand):
    return MemberFactory(brand=brand, customer_no="C-1")


def send(api, path, body, **headers):
    return api.post(path, body, content_type="application/json", headers=headers)


def earn(member, **values):
    body = {"member": member.pk, "ledger": "points", "kind": "earn", "amount": 50}
    return body | {"source": "shop", "source_id": "1"} | values


def codes(answer):
    return [(each["pointer"], each["code"]) for each in answer.json()["errors"]]


def test_a_movement_is_posted_once(api, member):
    first = send(api, ENTRIES, earn(member, reason="双倍积分周"))
    assert first.status_code == 201, first.json()
    entry = first.json()
    assert (entry["amount"], entry["state"], entry["reverses"]) == (50, "confirmed", None)
    again = send(api, ENTRIES, earn(member, reason="双倍积分周"))
    assert (again.status_code, again.json()) == (200, entry)
    other = send(api, ENTRIES, earn(member, amount=51))
    assert (other.status_code, other.json()["code"]) == (409, "source_id_reused")
    assert api.get(first["Location"]).json() == entry


def test_not_enough_is_refused(api, member):
    spend = earn(member, kind="spend", amount=-1)
    answer = send(api, ENTRIES, spend)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_enough_points")
    assert codes(answer) == [("/amount", "not_enough_points")]


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"amount": 0}, "/amount"),
        ({"amount": 10**10}, "/amount"),
        ({"amount": "5"}, "/amount"),
        ({"kind": "expire"}, "/kind"),
        ({"ledger": "gold"}, "/ledger"),
        ({"source": "console"}, "/source"),
        ({"source": "Shop"}, "/source"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "/expires_at"),
        ({"state": "confirmed"}, "/state"),
    ],
)
def test_what_is_wrong_is_named(values, pointer, api, member):
    answer = send(api, ENTRIES, earn(member, **values))
    assert answer.status_code == 422
    assert pointer in [each for each, _code in codes(answer)]
    assert balance(member) == 0


def test_a_key_takes_effect_once(api, member):
    bodies = [earn(member), earn(member)]
    first, again = (send(api, ENTRIES, body, **{"Idempotency-Key": "k"}) for body in bodies)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again["Idempotency-Replayed"] == "true"


def test_a_batch_tells_of_each_row(api, member):
    rows = [earn(member), earn(member, kind="spend", amount=-80, source_id="2")]
    rows.append({"customer_no": "C-1"} | {k: v for k, v in earn(member).items() if k != "member"})
    rows[2]["source_id"] = "3"
    answer = send(api, BATCH, {"rows": rows})
    assert answer.status_code == 200
    told = answer.json()
    assert told["counts"] == {"created": 2, "updated": 0, "unchanged": 0, "refused": 1}
    [problem] = told["results"][1]["errors"]
    assert (problem["pointer"], problem["code"]) == ("/rows/1/amount", "not_enough_points")
    assert balance(member) == 100


def test_too_many_rows_are_refused_whole(api, member):
    rows = [earn(member, source_id=str(n)) for n in range(1001)]
    assert send(api, BATCH, {"rows": rows}).status_code == 413
    assert balance(member) == 0


def test_reversing_answers_the_new_entry(api, member):
    entry = post(member, 50)
    place = f"{ENTRIES}{entry.pk}/reverse/"
    made = send(api, place, {"reason": "退货", "amount": 20})
    assert made.status_code == 201
    assert (made.json()["amount"], made.json()["reverses"]) == (-20, entry.pk)
    assert send(api, place, {"reason": "退货", "amount": 31}).status_code == 422
    assert send(api, place, {}).status_code == 422
    assert send(api, place, {"reason": "退货"}).json()["amount"] == -30
    assert send(api, place, {"reason": "退货"}).json()["code"] == "cannot_reverse"


def test_pending_is_confirmed_or_cancelled(api, member):
    kept, gone = (post(member, 10, pending=True) for _n in range(2))
    for _time in range(2):
        assert send(api, f"{ENTRIES}{kept.pk}/confirm/", None).json()["state"] == "confirmed"
    assert send(api, f"{ENTRIES}{gone.pk}/cancel/", None).json()["state"] == "cancelled"
    assert send(api, f"{ENTRIES}{gone.pk}/confirm/", None).status_code == 409
    assert balance(member) == 10


def test_entries_are_listed_by_member_and_kind(api, member, brand, query_budget):
    other = MemberFactory(brand=brand)
    made = [post(member, 10).pk, post(member, -5).pk]
    post(other, 10)
    with query_budget(3):
        found = api.get(ENTRIES, {"member": member.pk}).json()["results"]
    assert [each["id"] for each in found] == made[::-1]
    found = api.get(ENTRIES, {"member": member.pk, "kind": "spend"}).json()["results"]
    assert [each["id"] for each in found] == made[1:]
    assert api.get(ENTRIES, {"kind": "nothing"}).status_code == 400


def test_balances(api, member):
    ends = timezone.now() + timedelta(days=9)
    post(member, 50, expires_at=ends)
    post(member, -20)
    post(member, 9, pending=True)
    [found] = api.get("/api/v1/points/balances/", {"member": member.pk, "ledger": "points"}).json()[
        "results"
    ]
    del found["id"]
    assert found == {
        "member": member.pk,
        "ledger": "points",
        "balance": 30,
        "pending": 9,
        "earned": 50,
        "spent": 20,
        "expired": 0,
    }


def test_another_brands_member_is_unknown(api):
    stranger = MemberFactory(brand=BrandFactory())
    entry = post(stranger, 5)
    assert send(api, ENTRIES, earn(stranger)).status_code == 422
    assert api.get(f"{ENTRIES}{entry.pk}/").status_code == 404
    assert send(api, f"{ENTRIES}{entry.pk}/reverse/", {"reason": "x"}).status_code == 404
    with tenant(stranger.brand_id):
        assert PointsEntry.objects.count() == 1
