"""Tags at work: given with an end, looked back at, undone, merged; wide and on a phone."""

import os
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from core.runs import services as runs
from members.tags import services
from members.tags.models import MemberTag, Tag
from tests.factories.members import MemberFactory, TagFactory, TagGroupFactory

pytestmark = pytest.mark.browser
both_widths = pytest.mark.parametrize("width", [1440, 390])
MATURE = {"op": "all", "items": [{"field": "stage", "cmp": "in", "value": ["mature"]}]}


def shoot(page, name):
    """Keep a picture to look at oneself, where somebody asked for one."""
    if folder := os.environ.get("PAGE_SHOTS", ""):
        page.screenshot(path=f"{folder}/{name}-{page.viewport_size['width']}.png")


@pytest.fixture
def world(brand):
    """Two tags of a group, of which one has a rule, three members and some acts."""
    actor, now = system_viewer(brand.pk), timezone.now()
    group = TagGroupFactory(brand=brand, name="兴趣")
    camping, driving = (
        TagFactory(brand=brand, group=group, name=name, member_count=0) for name in ("露营", "自驾")
    )
    people = [
        MemberFactory(brand=brand, display_name=name, stage="mature")
        for name in ("陈小宇", "马明", "林可欣")
    ]
    with tenant(brand.pk):
        services.save_rule(tag=camping, tree=MATURE, is_active=True, actor=actor, now=now)
        for ids, ends in ((people[:1], now + timedelta(days=3)), (people[1:], None)):
            services.tag_members(
                tag=camping,
                member_ids=[member.pk for member in ids],
                actor=actor,
                now=now,
                expires_at=ends,
            )
        services.untag_members(tag=camping, member_ids=[people[2].pk], actor=actor, now=now)
    return camping, driving, people


@both_widths
def test_job_look_back_and_undo(open_page, brand, world, width):
    camping, _driving, people = world
    watched = open_page(f"/members/tags/{camping.pk}/", width=width)
    page = watched.page
    expect(page.locator(".tabs")).to_contain_text("历史")
    assert watched.serious_violations() == []
    shoot(page, "tag-rule")
    page.locator(".tabs").get_by_role("link", name="车主").click()
    expect(page.locator("#tag-members")).to_contain_text("规则不再打上的车主")
    assert watched.serious_violations() == []
    shoot(page, "tag-members")
    page.locator(".tabs").get_by_role("link", name="历史").click()
    expect(page.locator("#tag-history")).to_contain_text("打上")
    assert watched.serious_violations() == []
    shoot(page, "tag-history")
    page.locator("#tag-history").get_by_role("link", name="撤销").last.click()
    dialog = page.locator("#undo-tagging")
    expect(dialog).to_contain_text("1 位车主将失去标签")
    assert watched.serious_violations() == []
    shoot(page, "tag-undo")
    dialog.get_by_role("button", name="撤销").click()
    expect(page.locator("#tag-history")).to_contain_text("已撤销")
    with tenant(brand.pk):
        held = MemberTag.objects.filter(tag_id=camping.pk).values_list("member_id", flat=True)
        assert set(held) == {people[1].pk}


@both_widths
def test_job_merge_two_tags(open_page, brand, world, width):
    camping, driving, _people = world
    with tenant(brand.pk):
        services.delete_rule(tag=camping, actor=system_viewer(brand.pk), now=timezone.now())
    watched = open_page(f"/members/tags/{camping.pk}/", width=width)
    page = watched.page
    page.get_by_role("link", name="合并").click()
    drawer = page.locator("#tag-drawer")
    drawer.locator("[name=into]").select_option(label="自驾")
    drawer.locator("button.btn-primary").click()
    expect(drawer).to_contain_text("拥有旧标签")
    assert watched.serious_violations() == []
    shoot(page, "tag-merge")
    drawer.get_by_role("button", name="合并并删除旧标签").click()
    page.wait_for_url("**/tasks/*/")
    runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(seconds=30))
    with tenant(brand.pk):
        assert list(Tag.objects.values_list("name", "member_count")) == [("自驾", 2)]
    assert driving.pk


@both_widths
def test_job_one_member_gets_a_tag_with_an_end(open_page, brand, world, width):
    _camping, driving, people = world
    watched = open_page(f"/members/{people[0].pk}/", width=width)
    page = watched.page
    expect(page.locator("#member-timeline")).to_contain_text("露营")
    page.locator("#member-tags").get_by_role("link", name="打标签").click()
    page.locator("#member-tags [name=tag]").select_option(label="自驾")
    page.locator("#member-tags [name=ends_in]").fill("7")
    assert watched.serious_violations() == []
    shoot(page, "member-tags")
    page.locator("#member-tags button.btn-primary").click()
    expect(page.locator("#member-tags .held-tags")).to_contain_text("自驾")
    with tenant(brand.pk):
        assert MemberTag.objects.get(tag_id=driving.pk).expires_at is not None


@both_widths
def test_the_list_is_narrowed_by_tabs(open_page, brand, world, width):
    watched = open_page("/members/tags/", width=width)
    page = watched.page
    assert watched.serious_violations() == []
    shoot(page, "tags-list")
    page.get_by_role("link", name="无人使用").click()
    expect(page.locator("#tag-list")).to_contain_text("自驾")
    expect(page.locator("#tag-list")).not_to_contain_text("露营")
