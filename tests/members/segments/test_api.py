import pytest
from rest_framework.test import APIClient

from core.kernel.scoping import tenant
from members.segments.models import Segment
from tests.factories.core import DealerFactory, RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory, SegmentFactory

pytestmark = pytest.mark.django_db
GROWTH = {"op": "all", "items": [{"field": "stage", "cmp": "in", "value": ["growth"]}]}
URL = "/api/v1/segments/"


@pytest.fixture
def api(staff):
    client = APIClient()
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_segment_is_created_changed_and_archived(api, brand):
    MemberFactory(brand=brand, stage="growth")
    made = api.post(URL, {"name": "New", "tree": GROWTH})
    assert made.status_code == 201
    assert made.json()["member_count"] == 1
    where = made["Location"]
    changed = api.patch(where, {"name": "Renamed", "version": 1})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert api.patch(where, {"name": "Late", "version": 1}).status_code == 412
    assert api.post(f"{where}archive/", {}).json()["is_archived"]
    assert not api.post(f"{where}restore/").json()["is_archived"]
    MemberFactory(brand=brand, stage="growth")
    assert api.post(f"{where}recount/").json()["member_count"] == 2


def test_a_wrong_tree_is_a_problem_with_its_pointer(api, brand):
    answer = api.post(URL, {"name": "New", "tree": {"op": "all", "items": [{"field": "x"}]}})
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert "/tree/items/0/field" in answer.content.decode()
    with tenant(brand.pk):
        assert not Segment.objects.exists()


def test_48_days_that_go_back_are_refused_wherever_a_tree_goes_in(api, brand):
    segment = SegmentFactory(brand=brand, tree=GROWTH)
    back = {"from": "2026-03-02", "to": "2026-03-01"}
    tree = {"op": "all", "items": [{"field": "joined", "cmp": "between", "value": back}]}
    answers = [
        api.post(URL, {"name": "New", "tree": tree}),
        api.post(f"{URL}count/", {"tree": tree}),
        api.post(f"{URL}sample/", {"tree": tree}),
        api.patch(f"{URL}{segment.pk}/", {"tree": tree, "version": segment.version}),
    ]
    for answer in answers:
        assert answer.status_code == 422
        [error] = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == (
            "/tree/items/0/value/to",
            "ends_before_start",
        )


def test_counting_and_sampling_a_tree(api, brand):
    for stage in ("growth", "growth", "lost"):
        MemberFactory(brand=brand, stage=stage)
    counted = api.post(f"{URL}count/", {"tree": GROWTH}).json()
    assert counted == {"count": 2, "conditions": {"/items/0": 2}}
    sampled = api.post(f"{URL}sample/", {"tree": GROWTH}).json()
    assert sampled["count"] == 2
    assert {member["stage"] for member in sampled["members"]} == {"growth"}
    assert api.post(f"{URL}count/", {"tree": 7}).status_code == 422


def test_members_of_a_segment_come_by_pages(api, brand):
    segment = SegmentFactory(brand=brand, tree=GROWTH)
    ids = [MemberFactory(brand=brand, stage="growth").pk for _ in range(3)]
    MemberFactory(brand=brand, stage="lost")
    first = api.get("/api/v1/members/", {"segment": segment.pk, "limit": 2}).json()
    second = api.get(first["next"]).json()
    found = [row["id"] for page in (first, second) for row in page["results"]]
    assert found == sorted(ids, reverse=True)


def test_a_dealer_counts_its_own_members_and_no_brand_total(brand):
    dealer = DealerFactory(brand=brand)
    person = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=person, role="dealer_manager", dealer=dealer)
    client = APIClient()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    MemberFactory(brand=brand, stage="growth", home_dealer=dealer)
    MemberFactory(brand=brand, stage="growth")
    SegmentFactory(brand=brand, tree=GROWTH, member_count=2)
    assert client.post(f"{URL}count/", {"tree": GROWTH}).json()["count"] == 1
    assert client.get(URL).json()["results"][0]["member_count"] is None
    assert client.post(URL, {"name": "x", "tree": GROWTH}).status_code == 403


def test_a_name_that_mixes_alphabets_is_refused(api, brand):
    mixed = "Сlub"  # its first letter is Cyrillic
    answers = [api.post(URL, {"name": mixed, "tree": GROWTH})]
    held = SegmentFactory(brand=brand, name="Club", tree=GROWTH)
    answers.append(api.patch(f"{URL}{held.pk}/", {"name": mixed, "version": held.version}))
    for answer in answers:
        assert answer.status_code == 422
        [error] = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == ("/name", "mixed_alphabets")
