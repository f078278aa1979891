import pytest
from rest_framework.test import APIClient

from core.kernel.scoping import tenant
from members.profiles.models import Member
from tests.factories.members import MemberFactory, OrderFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/member-merges/"


@pytest.fixture
def api(staff):
    client = APIClient()
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_merge_preview_and_undo(api, brand):
    winner, loser = MemberFactory.create_batch(2, brand=brand)
    OrderFactory(brand=brand, member=loser)
    both = {"winner": winner.pk, "loser": loser.pk}
    seen = api.post(f"{URL}preview/", both).json()
    assert seen["holdings"] == [{"table": "members_order", "rows": 1, "clashes": 0}]
    stale = api.post(URL, both | {"winner_version": winner.version + 1})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    made = api.post(URL, both | {"take": ["display_name"], "reason": "same phone"})
    assert made.status_code == 201
    assert made.json()["can_undo_until"]
    with tenant(brand.pk):
        assert Member.objects.get().display_name == loser.display_name
    assert api.get(f"/api/v1/orders/?member={winner.pk}").json()["results"]
    assert api.post(URL, both).status_code == 422
    undone = api.post(f"{made['Location']}undo/")
    assert undone.json()["undone_at"]
    again = api.post(f"{made['Location']}undo/")
    assert (again.status_code, again.json()["code"]) == (409, "cannot_undo")
    assert len(api.get(f"{URL}?loser={loser.pk}").json()["results"]) == 1


def test_split(api, brand):
    order = OrderFactory(brand=brand)
    body = {"member": order.member_id, "display_name": "钱二", "orders": [order.pk]}
    made = api.post(f"{URL}split/", body)
    assert made.status_code == 201
    assert api.get(f"/api/v1/orders/{order.pk}/").json()["member"] == made.json()["member"]
    assert api.post(f"{URL}split/", body).status_code == 422


def test_members_of_another_brand_do_not_exist(api, brand):
    mine, strange = MemberFactory(brand=brand), MemberFactory()
    answer = api.post(URL, {"winner": mine.pk, "loser": strange.pk})
    assert answer.status_code == 422
    unknown = api.post(
        URL, {"winner": mine.pk, "loser": MemberFactory(brand=brand).pk, "take": ["x"]}
    )
    assert unknown.status_code == 422


def test_an_order_for_the_merged_number_is_the_members(api, brand):
    winner = MemberFactory(brand=brand, phone="+8613811110001", customer_no="A")
    loser = MemberFactory(brand=brand, phone="+8613811110002", customer_no="B")
    api.post(URL, {"winner": winner.pk, "loser": loser.pk})
    for number, named in enumerate([{"phone": "13811110002"}, {"customer_no": "B"}]):
        body = {
            "order_no": f"N-{number}",
            "ordered_at": "2026-01-01T00:00:00+08:00",
            "amount_fen": 1,
        }
        assert api.post("/api/v1/orders/", body | named).json()["member"] == winner.pk
