import json

import pytest
from django.utils import timezone

from core.kernel.scoping import tenant
from members.erasure import services
from members.profiles.models import Member
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(brand):
    return MemberFactory(brand=brand, display_name="欧阳若兰")


@pytest.fixture
def call(client, api_key):
    def ask(method, path, body=None):
        return client.generic(
            method,
            f"/api/v1/{path}",
            json.dumps(body) if body is not None else "",
            content_type="application/json",
            headers={"Authorization": f"Bearer {api_key}"},
        )

    return ask


def body(member, **changes):
    return {"member": member.pk, "name": "欧阳若兰", "reason": "asked"} | changes


def test_a_deletion_is_asked_for_and_told_when_done(brand, member, call, work):
    answer = call("POST", "erasures/", body(member))
    assert answer.status_code == 201
    assert answer.json()["state"] == "running"
    work()
    assert call("GET", f"members/{member.pk}/").status_code == 404
    told = call("GET", f"erasures/?member={member.pk}").json()["results"]
    assert [(one["state"], one["member_id"]) for one in told] == [("done", member.pk)]
    assert "欧阳若兰" not in str(told)
    with tenant(brand.pk):
        assert not Member.objects.filter(pk=member.pk).exists()


def test_the_name_confirms(member, call):
    answer = call("POST", "erasures/", body(member, name="欧阳"))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/name"


def test_one_that_waits_is_taken_back(brand, actor, member, call):
    with tenant(brand.pk):
        services.change_grace(days=2, actor=actor, now=timezone.now())
    made = call("POST", "erasures/", body(member)).json()
    assert made["state"] == "waiting"
    assert call("POST", f"erasures/{made['id']}/withdraw/", {}).json()["state"] == "withdrawn"
    assert call("POST", f"erasures/{made['id']}/withdraw/", {}).status_code == 409


def test_the_days_of_grace_are_read_and_set(brand, call):
    assert call("GET", "erasure-policy/").json() == {"grace_days": 0}
    assert call("PATCH", "erasure-policy/", {"grace_days": 3}).json() == {"grace_days": 3}
    assert call("GET", "erasure-policy/").json() == {"grace_days": 3}


@pytest.mark.parametrize("days", [-1, 8, 10**30, "3", None])
def test_days_that_cannot_be_name_the_field(call, days):
    answer = call("PATCH", "erasure-policy/", {"grace_days": days})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/grace_days"
