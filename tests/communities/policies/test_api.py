import pytest
from django.utils import timezone

from communities.policies.services import install_default_policies
from core.kernel.scoping import tenant

pytestmark = pytest.mark.django_db
URL = "/api/v1/policies/"


@pytest.fixture
def policies(brand, actor):
    with tenant(brand.pk):
        install_default_policies(brand=brand, actor=actor, now=timezone.now())


def test_list_holds_the_kinds(signed_in, policies):
    kinds = [row["kind"] for row in signed_in.get(URL).json()["results"]]
    assert kinds == ["flash", "service", "conversion", "core"]


def test_change_answers_the_next_version(signed_in, policies):
    answer = signed_in.patch(
        f"{URL}core/",
        {"policy_version": 1, "room_cap": 30},
        content_type="application/json",
    )
    assert (answer.status_code, answer.json()["policy_version"]) == (200, 2)
    assert signed_in.get(f"{URL}core/").json()["room_cap"] == 30


def test_entry_is_read_and_changed(signed_in, policies):
    body = {"policy_version": 1, "entry_orders": 3, "entry_days": 90}
    answer = signed_in.patch(f"{URL}conversion/", body, content_type="application/json").json()
    assert (answer["entry"], answer["entry_orders"], answer["entry_days"]) == ("orders", 3, 90)
    body = {"policy_version": 2, "entry": "ticket"}
    answer = signed_in.patch(f"{URL}conversion/", body, content_type="application/json")
    assert answer.status_code == 422


def test_lifespan_and_staff_are_read_and_changed(signed_in, policies):
    body = {"policy_version": 1, "closing_hours": 48, "staff_most": None}
    answer = signed_in.patch(f"{URL}flash/", body, content_type="application/json").json()
    told = {name: answer[name] for name in ("lifespan", "closing_hours", "staff_most")}
    assert told == {"lifespan": "event", "closing_hours": 48, "staff_most": None}


def test_stale_version_is_412(signed_in, policies):
    body = {"policy_version": 9, "room_cap": 30}
    answer = signed_in.patch(f"{URL}core/", body, content_type="application/json")
    assert answer.status_code == 412


def test_bad_template_names_its_field(signed_in, policies):
    body = {"policy_version": 1, "name_template": "{owner}"}
    answer = signed_in.patch(f"{URL}core/", body, content_type="application/json")
    assert answer.status_code == 422
    assert "/name_template" in answer.content.decode()
