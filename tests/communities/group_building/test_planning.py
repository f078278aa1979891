"""Grouping by interest: each tag of one tag group is a group."""

import pytest
from django.utils import timezone

from communities.communities.models import Community
from communities.group_building import planning
from communities.group_building.models import GroupingKey
from communities.memberships.models import Membership
from core.kernel.errors import InvalidInput
from core.kernel.scoping import tenant
from members.tags.models import MemberTag, TagGroup
from tests.factories.members import TagFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def interests(brand, people):
    """露营, held by the first three; 摄影, by the third and the fourth; 其他 of another group."""
    camping = TagFactory(brand=brand, name="露营")
    photos = TagFactory(brand=brand, name="摄影", group=camping.group)
    other = TagFactory(brand=brand, name="其他")
    now = timezone.now()
    with tenant(brand.pk):
        MemberTag.objects.bulk_create(
            MemberTag(brand=brand, tag=tag, member=member, source="manual", tagged_at=now)
            for tag, members in ((photos, people[2:4]), (camping, people[:3]), (other, people[4:]))
            for member in members
        )
    return camping.group


def test_every_key_has_a_column():
    assert set(planning._COLUMNS) == set(GroupingKey.values)


def test_members_with_an_interest_share_a_community(
    brand, people, interests, make_rule, preview, apply
):
    rule = make_rule(group_by=("interest",), tag_group_id=interests.pk)
    run = preview(rule)
    assert (run.preview["placed"], run.preview["exclusions"]) == (4, {"no_group": 4})
    apply(run)
    with tenant(brand.pk):
        told = Community.objects.order_by("pk").values_list("name", "topic")
        assert list(told) == [("露营交流群", "露营"), ("摄影交流群", "摄影")]
        seated = Membership.objects.order_by("member_id").values_list("community__topic", flat=True)
        assert list(seated) == ["露营", "露营", "露营", "摄影"]  # the older tag counts


def test_rule_with_a_topic_names_the_interest_apart(brand, people, interests, make_rule):
    wanted = {"group_by": ("interest",), "tag_group_id": interests.pk, "topic": "周末"}
    with pytest.raises(InvalidInput) as refusal:
        make_rule(**wanted)
    assert [problem.code for problem in refusal.value.problems] == ["same_names"]
    make_rule(**wanted, name_template="{interest}·{topic} {n}")


@pytest.mark.parametrize("tag_group_id", [None, 2**40])
def test_grouping_by_interest_needs_a_tag_group(make_rule, tag_group_id):
    with pytest.raises(InvalidInput) as refusal:
        make_rule(group_by=("interest",), tag_group_id=tag_group_id)
    assert [problem.pointer for problem in refusal.value.problems] == ["/tag_group"]


def test_tag_group_of_another_brand_does_not_exist(make_rule):
    with pytest.raises(InvalidInput):
        make_rule(group_by=("interest",), tag_group_id=TagFactory().group_id)


def test_rule_by_rest_keeps_its_tag_group(signed_in, brand, policies, interests):
    url = "/api/v1/build-rules/"
    body = {"name": "A", "kind": "service", "group_by": ["interest"], "tag_group": interests.pk}
    made = signed_in.post(url, body, content_type="application/json").json()
    body = {"version": 1, "skip": "nobody"}
    kept = signed_in.patch(f"{url}{made['id']}/", body, content_type="application/json").json()
    assert (kept["tag_group"], kept["skip"]) == (interests.pk, "nobody")
    with tenant(brand.pk):
        assert TagGroup.objects.filter(pk=kept["tag_group"]).exists()
