import pytest
from rest_framework.test import APIClient

from core.kernel.scoping import tenant
from members.tags.models import MemberTag
from tests.factories.members import MemberFactory, TagFactory, TagGroupFactory

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
    renamed = api.patch(tag["Location"], {"name": "自驾"})
    assert renamed.json()["name"] == "自驾"
    changed = api.patch(group["Location"], {"is_exclusive": True})
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
