import json

import pytest
from django.urls import reverse

from core.kernel.scoping import tenant
from core.runs.models import Run
from members.tags.models import MemberTag, Tag, TagGroup, TagRule
from tests.factories.members import MemberFactory, SegmentFactory, TagFactory, TagGroupFactory

pytestmark = pytest.mark.django_db
GROWTH = {"op": "all", "items": [{"field": "stage", "cmp": "in", "value": ["growth"]}]}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def tag(brand):
    return TagFactory(brand=brand, name="露营")


def rows_of(brand, model):
    with tenant(brand.pk):
        return list(model.objects.order_by("pk"))


def test_list_shows_groups_with_tags(signed_in, brand, tag, query_budget):
    for _ in range(4):
        TagFactory(brand=brand)
    with query_budget(4):
        page = signed_in.get(reverse("members:tags-list"))
    assert "露营" in page.content.decode()
    narrowed = signed_in.get(reverse("members:tags-list"), {"q": "自驾"}).content.decode()
    assert "露营" not in narrowed


def test_a_group_and_a_tag_are_added_in_drawers(signed_in, brand):
    answer = signed_in.post(reverse("members:tag-groups-new"), {"name": "兴趣"}, headers=HTMX)
    assert answer.status_code == 204
    (group,) = rows_of(brand, TagGroup)
    body = {"name": "露营", "group": group.pk}
    assert signed_in.post(reverse("members:tags-new"), body, headers=HTMX).status_code == 204
    twice = signed_in.post(reverse("members:tags-new"), body, headers=HTMX)
    assert twice.status_code == 422
    assert "name" in twice.context["form"].errors
    assert len(rows_of(brand, Tag)) == 1


def test_a_group_is_changed(signed_in, brand):
    group = TagGroupFactory(brand=brand)
    url = reverse("members:tag-groups-edit", args=[group.pk])
    signed_in.post(url, {"name": "兴趣", "is_exclusive": "on", "version": 1})
    assert rows_of(brand, TagGroup)[0].is_exclusive


def test_a_tag_is_renamed_and_deleted(signed_in, brand, tag):
    edit = reverse("members:tags-edit", args=[tag.pk])
    assert signed_in.post(edit, {"name": "自驾", "version": 1}).status_code == 302
    assert rows_of(brand, Tag)[0].name == "自驾"
    url = reverse("members:tags-delete", args=[tag.pk])
    assert signed_in.get(url).status_code == 200
    signed_in.post(url)
    assert rows_of(brand, Tag) == []


def test_a_rule_is_written_applied_and_deleted(signed_in, brand, tag):
    url = reverse("members:tags-rule", args=[tag.pk])
    assert signed_in.get(url).status_code == 200
    body = {"tree": json.dumps(GROWTH), "is_active": "on", "apply": "1"}
    answer = signed_in.post(url, body)
    (run,) = rows_of(brand, Run)
    assert answer.url == reverse("core:runs-detail", args=[run.pk])
    assert rows_of(brand, TagRule)[0].tree == GROWTH
    assert signed_in.get(reverse("members:tags-detail", args=[tag.pk])).status_code == 200
    signed_in.post(reverse("members:tags-apply", args=[tag.pk]))
    assert len(rows_of(brand, Run)) == 2
    signed_in.post(reverse("members:tags-rule-delete", args=[tag.pk]))
    assert rows_of(brand, TagRule) == []


@pytest.mark.parametrize("tree", ["", "{", "[" * 3000, '{"op": "any", "items": []}', "7"])
def test_a_wrong_rule_is_answered_422(tree, signed_in, brand, tag):
    url = reverse("members:tags-rule", args=[tag.pk])
    assert signed_in.post(url, {"tree": tree}).status_code == 422
    assert rows_of(brand, TagRule) == []


def test_a_segment_is_tagged_in_the_background(signed_in, brand, tag):
    segment = SegmentFactory(brand=brand, tree=GROWTH)
    url = reverse("members:tags-give")
    assert signed_in.get(url, {"segment": segment.pk}, headers=HTMX).status_code == 200
    signed_in.post(url, {"segment": segment.pk, "tag": tag.pk, "act": "give"})
    (run,) = rows_of(brand, Run)
    assert (run.kind, run.params["tag_id"]) == ("tag_members", tag.pk)


def test_ticked_members_are_asked_about_then_tagged(signed_in, brand, tag):
    members = [MemberFactory(brand=brand) for _ in range(2)]
    ids = [member.pk for member in members]
    url = reverse("members:tags-pick")
    asked = signed_in.post(url, {"id": ids}, headers=HTMX)
    assert asked.status_code == 200
    assert rows_of(brand, Run) == []
    body = {"id": ids, "tag": tag.pk, "act": "give"}
    assert signed_in.post(url, body, headers=HTMX).status_code == 204
    with tenant(brand.pk):
        assert MemberTag.objects.count() == 2
    signed_in.post(url, body | {"act": "take"}, headers=HTMX)
    with tenant(brand.pk):
        assert not MemberTag.objects.exists()


def test_one_member_is_given_and_relieved_of_a_tag(signed_in, brand, tag):
    member = MemberFactory(brand=brand)
    url = reverse("members:tags-of-member", args=[member.pk])
    assert signed_in.get(url, headers=HTMX).status_code == 200
    page = signed_in.post(url, {"tag": tag.pk}, headers=HTMX)
    assert "露营" in page.content.decode()
    with tenant(brand.pk):
        assert MemberTag.objects.count() == 1
    signed_in.post(url, {"take": tag.pk}, headers=HTMX)
    with tenant(brand.pk):
        assert not MemberTag.objects.exists()
    assert signed_in.post(url, {"tag": "999"}, headers=HTMX).status_code == 422
