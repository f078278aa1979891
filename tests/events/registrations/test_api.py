import pytest

from core.kernel.scoping import tenant
from events.registrations.models import Registration
from tests.factories.events import EventFactory, RegistrationFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/registrations/"


def send(client, url, body):
    return client.post(url, body, content_type="application/json")


def test_registering_checking_in_and_calling_off(signed_in, brand):
    event = EventFactory(brand=brand, capacity=1)
    first, second = (MemberFactory(brand=brand) for _ in "12")
    answer = send(signed_in, URL, {"event": event.pk, "member": first.pk})
    assert (answer.status_code, answer.json()["state"]) == (201, "registered")
    again = send(signed_in, URL, {"event": event.pk, "member": first.pk})
    assert (again.status_code, again.json()["id"]) == (200, answer.json()["id"])
    full = send(signed_in, URL, {"event": event.pk, "member": second.pk})
    assert (full.status_code, full.json()["code"]) == (409, "event_full")
    url = f"{URL}{answer.json()['id']}/"
    assert send(signed_in, f"{url}cancel/", {}).json()["state"] == "cancelled"
    came = send(signed_in, f"{url}check-in/", {}).json()
    assert (came["state"], came["cancelled_at"]) == ("checked_in", None)
    assert send(signed_in, f"{url}check-in/", {}).json() == came


def test_the_list_is_of_an_event_or_a_member(signed_in, brand, query_budget):
    row = RegistrationFactory(brand=brand)
    RegistrationFactory(brand=brand, event=row.event, state="checked_in")
    assert signed_in.get(URL).status_code == 400
    with query_budget(2):
        page = signed_in.get(f"{URL}?event={row.event_id}").json()
    assert len(page["results"]) == 2
    (mine,) = signed_in.get(f"{URL}?member={row.member_id}").json()["results"]
    assert mine["id"] == row.pk


def test_a_batch_tells_of_each_row(signed_in, brand):
    event = EventFactory(brand=brand, external_no="E1")
    member = MemberFactory(brand=brand, customer_no="C1")
    named = {"external_no": "E1", "customer_no": "C1"}
    rows = [
        named | {"state": "checked_in"},
        named | {"state": "somewhere"},
        {"state": "registered", "event": event.pk, "external_no": "E1", "member": member.pk},
        {"state": "registered", "event": event.pk, "customer_no": "nobody"},
    ]
    answer = send(signed_in, f"{URL}batch/", {"rows": rows}).json()
    assert answer["counts"] == {"created": 1, "updated": 0, "unchanged": 0, "refused": 3}
    errors = [
        [(error["pointer"], error["code"]) for error in row["errors"]] for row in answer["results"]
    ]
    assert errors == [
        [],
        [("/rows/1/state", "invalid_choice")],
        [("/rows/2/event", "one_way")],
        [("/rows/3/customer_no", "unknown_member")],
    ]
    with tenant(brand.pk):
        assert Registration.objects.get().pk == answer["results"][0]["id"]
