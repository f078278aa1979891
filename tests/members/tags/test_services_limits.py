"""How many tags there may be, and how they may be called: in services and in imports."""

import pytest

from core.kernel.errors import InvalidInput
from members.tags import services
from members.tags.models import MemberTag, Tag, TagGroup, TagLimits
from tests.factories.members import MemberFactory, TagFactory, TagGroupFactory
from tests.members.tags.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside_brand")]


@pytest.fixture
def group(brand):
    return TagGroupFactory(brand=brand)


def limit(actor, **numbers):
    return services.change_limits(changes=numbers, actor=actor, now=NOW)


def create(group, name, actor):
    return services.create_tag(group=group, name=name, actor=actor, now=NOW)


def refused(call, *args, **more):
    with pytest.raises(InvalidInput) as refusal:
        call(*args, **more)
    (problem,) = refusal.value.problems
    return problem.pointer, problem.code


def test_names_are_kept_in_order_and_capitals_make_no_difference(group, actor):
    assert create(group, " ＶＩＰ ", actor).name == "VIP"
    assert refused(create, group, "vip", actor) == ("/name", "name_taken")
    other = services.create_group(name="Owners", is_exclusive=False, actor=actor, now=NOW)
    create(other, "vip", actor)
    again = {"name": " owners", "is_exclusive": False, "actor": actor, "now": NOW}
    assert refused(services.create_group, **again) == ("/name", "name_taken")
    assert refused(create, group, "a:b", actor) == ("/name", "forbidden_characters")


def test_renaming_keeps_the_policy(group, actor):
    tag = create(group, "a", actor)
    create(group, "b", actor)
    rename = {"tag": tag, "actor": actor, "now": NOW}
    assert refused(services.rename_tag, **rename, name="B") == ("/name", "name_taken")
    assert services.rename_tag(**rename, name="A").name == "A"


def test_a_group_and_a_brand_have_so_many_tags(brand, group, actor):
    limit(actor, per_group=2, tags=3)
    create(group, "a", actor)
    create(group, "b", actor)
    assert refused(create, group, "c", actor) == ("/group", "group_full")
    other = TagGroupFactory(brand=brand)
    create(other, "c", actor)
    assert refused(create, other, "d", actor) == ("/name", "brand_full")
    assert Tag.objects.count() == 3


def test_a_member_has_so_many_tags(brand, actor):
    limit(actor, per_member=2)
    tags = [TagFactory(brand=brand, member_count=0) for _n in range(4)]
    member, free = MemberFactory(brand=brand), MemberFactory(brand=brand)
    who = {"actor": actor, "now": NOW}
    for tag in tags[:2]:
        services.tag_members(tag=tag, member_ids=[member.pk], **who)
    both = {"tag": tags[2], "member_ids": [member.pk, free.pk], **who}
    assert refused(services.tag_members, **both) == ("/member_ids", "too_many_tags")
    services.tag_members(tag=tags[0], member_ids=[member.pk], **who)  # It is there already.
    assert MemberTag.objects.filter(member_id=member.pk).count() == 2


def test_limits_have_defaults_and_bounds(actor):
    assert (TagLimits().tags, TagLimits().per_group, TagLimits().per_member) == (5000, 200, 200)
    assert refused(limit, actor, tags=0) == ("/tags", "out_of_range")
    assert limit(actor, tags=7).tags == 7
    assert limit(actor, per_member=9).tags == 7
    assert TagLimits.objects.count() == 1


def test_a_file_finds_tags_whatever_their_capitals(group, actor):
    tag = create(group, "VIP", actor)
    named = {"actor": actor, "now": NOW}
    found = services.tag_of_import(group_name=group.name.upper(), name="vip", **named)
    assert found.pk == tag.pk
    made = services.tag_of_import(group_name="New", name="x", **named)
    assert (made.group.name, made.member_count) == ("New", 0)
    assert TagGroup.objects.count() == 2


def test_an_end_is_not_past_and_not_a_slip(brand, actor):
    from datetime import timedelta

    tag, member = TagFactory(brand=brand), MemberFactory(brand=brand)
    who = {"tag": tag, "member_ids": [member.pk], "actor": actor, "now": NOW}
    for end in (NOW, NOW - timedelta(days=1), NOW + timedelta(days=40_000)):
        pointer, _code = refused(services.tag_members, **who, expires_at=end)
        assert pointer == "/expires_at"
