import pytest
from django.utils import timezone

from core.kernel.scoping import tenant
from core.runs.models import Run
from members.tags import tasks
from members.tags.models import MemberTag, Tag, TagRule
from tests.factories.members import MemberFactory, TagFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def tag(brand):
    tag = TagFactory(brand=brand)
    now = timezone.now()
    with tenant(brand.pk):
        MemberTag.objects.create(
            brand=brand, tag=tag, member=MemberFactory(brand=brand), source="manual", tagged_at=now
        )
    return tag


def test_counts_are_kept(brand, tag):
    tasks.count_tags(brand.pk)
    with tenant(brand.pk):
        assert Tag.objects.get().member_count == 1


def test_expired_tags_go(brand, tag):
    with tenant(brand.pk):
        MemberTag.objects.update(expires_at=timezone.now())
    assert tasks.remove_expired_tags(brand.pk) == 1


def test_rules_are_left_to_be_applied(brand, tag):
    with tenant(brand.pk):
        TagRule.objects.create(brand=brand, tag=tag, tree={"op": "all", "items": []})
    assert tasks.apply_active_rules(brand.pk) == 1
    with tenant(brand.pk):
        assert Run.objects.get().kind == "tag_rule"
