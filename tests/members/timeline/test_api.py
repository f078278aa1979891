import json

import pytest
from rest_framework.test import APIClient

from tests.factories.core import RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def api(staff):
    client = APIClient()
    client.force_login(staff, backend=BACKEND)
    return client


def url(member):
    return f"/api/v1/members/{member.pk}/timeline/"


def test_pages_lead_from_one_to_the_next(api, history):
    whole = api.get(url(history), {"limit": 100}).json()
    assert whole["next"] is None
    found, asked = [], {"limit": 4}
    while True:
        page = api.get(url(history), asked).json()
        found += page["results"]
        if page["next"] is None:
            break
        asked["before"] = page["next"]
    assert found == whole["results"]
    order = next(one for one in found if one["kind"] == "order")
    assert order["what"] == "order.placed"
    assert order["data"]["amount_fen"] == 1200
    assert set(whole["kinds"]) >= {"order", "tag", "stage", "community", "audit"}


def test_kinds_narrow(api, history):
    page = api.get(url(history), {"kinds": "order,tag", "limit": 100}).json()
    assert {one["kind"] for one in page["results"]} == {"order", "tag"}


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({"kinds": "orders"}, "kinds"),
        ({"kinds": ""}, "kinds"),
        ({"before": ""}, "before"),
        ({"before": "x"}, "before"),
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"cursor": "x"}, "cursor"),
    ],
)
def test_a_wrong_parameter_is_named(asked, name, api, history):
    answer = api.get(url(history), asked)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == name


def test_who_may_not_see_a_kind_cannot_ask_for_it(brand, history):
    person = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=person, role="dealer_staff", dealer=history.home_dealer)
    client = APIClient()
    client.force_login(person, backend=BACKEND)
    assert client.get(url(history), {"kinds": "audit"}).status_code == 400
    assert "audit" not in client.get(url(history)).json()["kinds"]
    assert client.get(url(MemberFactory(brand=brand))).status_code == 404


def test_others_are_not_there(api):
    assert api.get(url(MemberFactory())).status_code == 404
    assert api.get(f"/api/v1/members/{2**70}/timeline/").status_code == 404


def test_the_documentation_has_it(api):
    accept = "application/vnd.oai.openapi+json"
    schema = json.loads(api.get("/api/schema/", headers={"accept": accept}).content)
    (told,) = [path for path in schema["paths"] if path.endswith("/timeline/")]
    operation = schema["paths"][told]["get"]
    assert {one["name"] for one in operation["parameters"]} >= {"kinds", "before", "limit"}
