import pytest
from rest_framework.test import APIClient

from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/identities/"


@pytest.fixture
def api(staff):
    client = APIClient()
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_identities_are_added_found_and_removed(api, brand):
    member, other = MemberFactory.create_batch(2, brand=brand)
    body = {"member": member.pk, "kind": "wecom_external", "value": "wmABC"}
    made = api.post(URL, body)
    assert (made.status_code, made.json()["value"]) == (201, "****C")
    assert api.post(URL, body).json()["id"] == made.json()["id"]
    taken = api.post(URL, body | {"member": other.pk})
    assert (taken.status_code, taken.json()["code"]) == (409, "identity_taken")
    found = api.get(f"{URL}?kind=wecom_external&value=wmABC").json()["results"]
    assert [(each["member"], each["value"]) for each in found] == [(member.pk, "****C")]
    assert api.post(f"{made['Location']}remove/", {"reason": ""}).status_code == 422
    assert api.post(f"{made['Location']}remove/", {"reason": "gone"}).status_code == 204
    assert api.get(made["Location"]).status_code == 404


def test_a_member_of_another_brand_gets_none(api):
    body = {"member": MemberFactory().pk, "kind": "unionid", "value": "oX"}
    assert api.post(URL, body).status_code == 422
