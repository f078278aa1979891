import pytest

from core.kernel.scoping import tenant
from events.calendar.models import Event
from tests.factories.core import DealerFactory
from tests.factories.events import EventFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/events/"
TIMES = {"starts_at": "2030-03-01T10:00:00+08:00", "ends_at": "2030-03-01T12:00:00+08:00"}
NEW = {"kind": "salon", "name": "Salon", **TIMES}


def send(client, method, url, body):
    return getattr(client, method)(url, body, content_type="application/json")


def test_an_event_is_entered_changed_published_and_cancelled(signed_in, brand):
    dealer = DealerFactory(brand=brand)
    answer = send(signed_in, "post", URL, NEW | {"dealer": dealer.pk, "capacity": 30})
    made = answer.json()
    assert (answer.status_code, made["state"], made["taken"]) == (201, "draft", 0)
    url = f"{URL}{made['id']}/"
    changed = send(signed_in, "patch", url, {"name": "Grand salon", "version": 1}).json()
    assert (changed["name"], changed["version"], changed["capacity"]) == ("Grand salon", 2, 30)
    stale = send(signed_in, "patch", url, {"name": "Old", "version": 1})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    assert send(signed_in, "post", f"{url}publish/", {"version": 2}).json()["state"] == "published"
    early = send(signed_in, "post", f"{url}close/", {"version": 3})
    assert (early.status_code, early.json()["code"]) == (409, "event_closed")
    assert send(signed_in, "post", f"{url}cancel/", {"version": 3}).json()["state"] == "cancelled"


def test_what_makes_no_sense_names_its_field(signed_in):
    answer = send(signed_in, "post", URL, NEW | {"ends_at": TIMES["starts_at"], "points": 1})
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/points"}
    answer = send(signed_in, "post", URL, NEW | {"ends_at": TIMES["starts_at"]})
    assert answer.json()["errors"][0]["pointer"] == "/ends_at"


def test_the_list_is_narrowed_and_costs_the_same(signed_in, brand, query_budget):
    EventFactory.create_batch(3, brand=brand)
    EventFactory(brand=brand, kind="drive", external_no="E1")
    with query_budget(2):
        page = signed_in.get(f"{URL}?kind=salon").json()
    assert len(page["results"]) == 3
    assert [row["kind"] for row in signed_in.get(f"{URL}?external_no=E1").json()["results"]] == [
        "drive"
    ]


def test_a_batch_tells_of_each_row(signed_in, brand):
    rows = [
        {"external_no": "E1", **NEW},
        {"external_no": "E2", **NEW, "kind": "party"},
        {"external_no": "E3", "kind": "salon"},
        {"kind": "salon", "points": 1},
    ]
    answer = send(signed_in, "post", f"{URL}batch/", {"rows": rows})
    body = answer.json()
    assert (answer.status_code, body["counts"]["created"], body["counts"]["refused"]) == (200, 1, 3)
    pointers = [[error["pointer"] for error in row["errors"]] for row in body["results"]]
    assert pointers[0] == []
    assert pointers[1] == ["/rows/1/kind"]
    assert pointers[2] == ["/rows/2/name", "/rows/2/starts_at", "/rows/2/ends_at"]
    assert set(pointers[3]) == {"/rows/3/external_no", "/rows/3/points"}
    with tenant(brand.pk):
        assert Event.objects.get().external_no == "E1"


def test_a_batch_closes_no_event_that_has_not_begun(signed_in, brand):
    row = {"external_no": "E1", **NEW, "state": "published"}
    assert send(signed_in, "post", f"{URL}batch/", {"rows": [row]}).status_code == 200
    answer = send(signed_in, "post", f"{URL}batch/", {"rows": [row | {"state": "done"}]})
    [result] = answer.json()["results"]
    assert [error["code"] for error in result["errors"]] == ["not_started"]
    with tenant(brand.pk):
        assert Event.objects.get().state == "published"
