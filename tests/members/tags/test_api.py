import pytest
from rest_framework.test import APIClient

from core.kernel.scoping import tenant
from core.runs.models import Run
from members.tags.models import MemberTag
from tests.factories.members import MemberFactory, SegmentFactory, TagFactory, TagGroupFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(staff):
    client = APIClient()
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_groups_and_tags_are_made_and_renamed(api):
    group = api.post("/api/v1/tag-groups/", {"name": "兴趣"})
    tag = api.post("/api/v1/tags/", {"group": group.json()["id"], "name": "露营"})
    assert (group.status_code, tag.status_code) == (201, 201)
    renamed = api.patch(tag["Location"], {"name": "自驾", "version": 1})
    assert renamed.json()["name"] == "自驾"
    changed = api.patch(group["Location"], {"is_exclusive": True, "version": 1})
    assert changed.json()["is_exclusive"] is True
    twice = api.post("/api/v1/tags/", {"group": group.json()["id"], "name": "自驾"})
    assert twice.status_code == 422


def test_a_group_of_another_brand_is_not_there(api):
    stranger = TagGroupFactory()
    answer = api.post("/api/v1/tags/", {"group": stranger.pk, "name": "x"})
    assert answer.status_code == 422


def test_a_tag_is_given_and_taken(api, brand):
    tag, member = TagFactory(brand=brand), MemberFactory(brand=brand)
    body = {"member_ids": [member.pk, MemberFactory().pk]}
    assert api.post(f"/api/v1/tags/{tag.pk}/give/", body).json() == {"changed": 1}
    with tenant(brand.pk):
        assert MemberTag.objects.get().member_id == member.pk
    assert api.post(f"/api/v1/tags/{tag.pk}/take/", body).json() == {"changed": 1}
    with tenant(brand.pk):
        assert not MemberTag.objects.exists()


@pytest.mark.parametrize("ids", [[], "1", [0], [1.5], [None], list(range(1, 5002))])
def test_wrong_members_are_answered_422(ids, api, brand):
    tag = TagFactory(brand=brand)
    answer = api.post(f"/api/v1/tags/{tag.pk}/give/", {"member_ids": ids})
    assert answer.status_code == 422


def test_an_act_is_listed_previewed_and_undone(api, brand):
    tag, member = TagFactory(brand=brand, member_count=0), MemberFactory(brand=brand)
    ends = "2030-01-01T00:00:00+08:00"
    body = {"member_ids": [member.pk], "expires_at": ends}
    api.post(f"/api/v1/tags/{tag.pk}/give/", body)
    listed = api.get("/api/v1/tag-acts/", {"tag": tag.pk}).json()["results"]
    assert api.get("/api/v1/tag-acts/", {"member": member.pk}).json()["results"] == listed
    assert api.get("/api/v1/tag-acts/", {"member": member.pk + 1}).json()["results"] == []
    (act,) = listed
    assert [(c["kind"], c["people"]) for c in act["changes"]] == [("given", 1)]
    would = api.get(f"/api/v1/tag-acts/{act['id']}/undo-preview/").json()
    assert would == {"refused": None, "taken": 1, "given": 0, "changed": 0, "skipped": 0}
    assert api.post(f"/api/v1/tag-acts/{act['id']}/undo/", {}).json() == {"run": None}
    assert api.post(f"/api/v1/tag-acts/{act['id']}/undo/", {}).status_code == 409
    with tenant(brand.pk):
        assert not MemberTag.objects.exists()


def test_an_end_that_is_past_names_its_field(api, brand):
    tag, member = TagFactory(brand=brand), MemberFactory(brand=brand)
    segment = SegmentFactory(brand=brand)
    past = {"expires_at": "2020-01-01T00:00:00Z"}
    by_segment = {"segment": segment.pk, "act": "give"}
    for path, body in (("give", {"member_ids": [member.pk]}), ("give-segment", by_segment)):
        answer = api.post(f"/api/v1/tags/{tag.pk}/{path}/", body | past)
        assert answer.status_code == 422
        assert [each["pointer"] for each in answer.json()["errors"]] == ["/expires_at"]


def test_limits_and_names_are_policy(api, brand):
    assert api.get("/api/v1/tag-limits/").json() == {
        "tags": 5000,
        "per_group": 200,
        "per_member": 200,
        "version": 0,
    }
    limited = api.patch("/api/v1/tag-limits/", {"per_group": 1, "version": 0}).json()
    assert (limited["per_group"], limited["version"]) == (1, 1)
    assert api.patch("/api/v1/tag-limits/", {"tags": 0, "version": 1}).status_code == 422
    group = TagGroupFactory(brand=brand)
    first = api.post("/api/v1/tags/", {"group": group.pk, "name": " ＶＩＰ "})
    assert first.json()["name"] == "VIP"
    full = api.post("/api/v1/tags/", {"group": group.pk, "name": "x"})
    assert (full.status_code, "/group" in full.content.decode()) == (422, True)
    assert api.patch(first["Location"], {"name": "a:b", "version": 1}).status_code == 422


def test_tags_are_merged_removed_and_cleared(api, brand):
    one, two = TagFactory(brand=brand), TagFactory(brand=brand)
    merged = api.post(f"/api/v1/tags/{one.pk}/merge/", {"into": two.pk})
    assert (merged.status_code, merged.json()["run"] > 0) == (202, True)
    assert api.post(f"/api/v1/tags/{two.pk}/merge/", {"into": two.pk}).status_code == 422
    assert api.post(f"/api/v1/tags/{two.pk}/remove/", {"name": two.name}).json() == {"run": None}
    member = MemberFactory(brand=brand)
    cleared = api.post(f"/api/v1/tags/{one.pk}/clear/", {"member_ids": [member.pk]})
    assert cleared.status_code == 422  # It has no rule.
    assert api.get(f"/api/v1/tags/{one.pk}/mentions/").json() == {"results": []}


def test_a_segment_is_tagged_by_a_run(api, brand):
    tag, segment = TagFactory(brand=brand), SegmentFactory(brand=brand)
    body = {"segment": segment.pk, "act": "give"}
    answer = api.post(f"/api/v1/tags/{tag.pk}/give-segment/", body)
    assert (answer.status_code, answer.json()["run"] > 0) == (202, True)


GROWING = {"op": "all", "items": [{"field": "stage", "cmp": "in", "value": ["growth"]}]}


def test_a_rule_is_made_changed_applied_and_deleted(api, brand):
    tag = TagFactory(brand=brand)
    url = f"/api/v1/tags/{tag.pk}/rule/"
    assert api.get(url).status_code == 404
    assert api.post(f"{url}apply/").status_code == 404
    made = api.put(url, {"tree": GROWING, "version": 0})
    assert made.status_code == 200, made.content
    assert made.json() == api.get(url).json()
    assert (made.json()["version"], made.json()["is_active"]) == (1, True)
    changed = api.put(url, {"tree": GROWING, "is_active": False, "version": 1})
    assert (changed.json()["version"], changed.json()["is_active"]) == (2, False)
    started = api.post(f"{url}apply/")
    assert started.status_code == 202
    with tenant(brand.pk):
        assert Run.objects.get(pk=started.json()["run"]).params["version"] == 2
    assert api.delete(url).status_code == 204
    assert api.get(url).status_code == 404
    assert api.delete(url).status_code == 204


def test_27_a_rule_is_not_written_over_one_that_the_caller_has_not_seen(api, brand):
    tag = TagFactory(brand=brand)
    url = f"/api/v1/tags/{tag.pk}/rule/"
    api.put(url, {"tree": GROWING, "version": 0})
    for seen in (0, 2):
        stale = api.put(url, {"tree": GROWING, "is_active": False, "version": seen})
        assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    assert api.get(url).json()["is_active"] is True
    api.delete(url)
    assert api.put(url, {"tree": GROWING, "version": 1}).status_code == 412, "it was deleted"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"tree": {"op": "all", "items": [{"field": "x", "cmp": "is", "value": 1}]}}, "/tree/"),
        ({"tree": "x"}, "/tree"),
        ({"version": None}, "/version"),
        ({"brand": 1}, "/brand"),
    ],
)
def test_a_wrong_rule_names_its_place(change, pointer, api, brand):
    url = f"/api/v1/tags/{TagFactory(brand=brand).pk}/rule/"
    answer = api.put(url, {"tree": GROWING, "version": 0} | change)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)
    assert api.put(url, {"tree": GROWING}).json()["errors"][0]["pointer"] == "/version"


def test_a_rule_that_asks_for_its_own_tag_is_refused(api, brand):
    tag = TagFactory(brand=brand)
    own = {"op": "all", "items": [{"field": "tags", "cmp": "any", "value": [tag.pk]}]}
    answer = api.put(f"/api/v1/tags/{tag.pk}/rule/", {"tree": own, "version": 0})
    assert answer.json()["errors"][0]["pointer"] == "/tree"
