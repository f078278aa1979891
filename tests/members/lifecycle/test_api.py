from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from core.kernel.scoping import tenant
from core.runs.models import Run
from members.profiles.models import Member
from tests.factories.core import DealerFactory, RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/lifecycle/"


@pytest.fixture
def api(staff):
    client = APIClient()
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_member_is_moved_counted_and_told(api, brand):
    member = MemberFactory(brand=brand, stage="growth")
    body = {"member": member.pk, "to_stage": "mature", "note": "董事会成员"}
    made = api.post("/api/v1/stage-changes/", body)
    assert made.status_code == 201
    assert api.get(made["Location"]).json()["reason"] == "manual"
    (told,) = api.get("/api/v1/stage-changes/", {"member": member.pk}).json()["results"]
    assert (told["from_stage"], told["to_stage"], told["note"]) == (
        "growth",
        "mature",
        "董事会成员",
    )
    stages = {one["stage"]: one for one in api.get(f"{ROOT}stages/").json()["stages"]}
    assert stages["mature"] == {"stage": "mature", "count": 1, "came": 1, "went": 0}
    assert api.get(f"{ROOT}flows/", {"days": 30}).json()["flows"] == [
        {"from_stage": "growth", "to_stage": "mature", "count": 1}
    ]
    with tenant(brand.pk):
        assert Member.objects.get().stage == "mature"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"to_stage": "king"}, "/to_stage"),
        ({"to_stage": "growth"}, "/to_stage"),
        ({"note": ""}, "/note"),
    ],
)
def test_a_wrong_move_names_its_field(changes, pointer, api, brand):
    member = MemberFactory(brand=brand, stage="growth")
    body = {"member": member.pk, "to_stage": "lost", "note": "x"} | changes
    answer = api.post("/api/v1/stage-changes/", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_a_member_of_another_brand_is_not_there(api):
    body = {"member": MemberFactory().pk, "to_stage": "lost", "note": "x"}
    assert api.post("/api/v1/stage-changes/", body).status_code == 422


def test_rules_are_read_and_changed(api):
    assert api.get(f"{ROOT}rules/").json()["version"] == 0
    changed = api.patch(f"{ROOT}rules/", {"dormant_days": 60, "version": 0})
    assert (changed.json()["version"], changed.json()["dormant_days"]) == (1, 60)
    assert api.patch(f"{ROOT}rules/", {"lost_days": 99, "version": 0}).status_code == 412
    wrong = api.patch(f"{ROOT}rules/", {"lost_days": 60, "version": 1})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "/lost_days"


def test_other_rules_are_tried_without_being_kept(api, brand):
    MemberFactory(brand=brand, stage="growth", created_at=timezone.now() - timedelta(days=40))
    answer = api.post(f"{ROOT}rules/preview/", {"dormant_days": 30})
    assert answer.status_code == 200, answer.content
    assert answer.json() == {
        "is_estimate": False,
        "now": 0,
        "then": 1,
        "moves": [{"from_stage": "growth", "to_stage": "dormant", "now": 0, "then": 1}],
    }
    assert api.get(f"{ROOT}rules/").json()["version"] == 0
    wrong = api.post(f"{ROOT}rules/preview/", {"lost_days": 30})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "/lost_days"


@pytest.mark.parametrize("days", ["7", "x", ""])
def test_an_unknown_window_is_an_error(days, api):
    assert api.get(f"{ROOT}flows/", {"days": days}).status_code == 400


def test_the_rules_are_applied_to_everybody(api, brand):
    started = api.post(f"{ROOT}apply/")
    assert started.status_code == 202
    with tenant(brand.pk):
        run = Run.objects.get(pk=started.json()["run"])
        assert (run.kind, run.subject_url) == ("lifecycle", "/members/lifecycle/")


@pytest.mark.parametrize(("role", "place"), [("hq_operator", None), ("dealer_manager", "dealer")])
def test_who_may_not_change_the_rules_neither_applies_nor_tries_them(role, place, brand):
    person = StaffFactory(brand=brand)
    place = {"dealer": DealerFactory(brand=brand)} if place else {}
    RoleGrantFactory(brand=brand, staff=person, role=role, **place)
    client = APIClient()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(f"{ROOT}apply/").status_code == 403
    assert client.post(f"{ROOT}rules/preview/", {"dormant_days": 30}).status_code == 403
