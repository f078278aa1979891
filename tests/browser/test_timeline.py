"""What happened to a member: looked through by kind, turned back page by page."""

import os
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from core.kernel.scoping import tenant
from core.staff.selectors import viewer_of_staff
from members.tags import services as tags
from tests.factories.communities import MembershipFactory
from tests.factories.members import MemberFactory, TagFactory
from tests.members.timeline.conftest import make_order

pytestmark = pytest.mark.browser
both_widths = pytest.mark.parametrize("width", [1440, 390])
ORDERS = 45


@pytest.fixture
def member(brand, staff):
    now = timezone.now()
    member = MemberFactory(brand=brand, display_name="陈小宇", phone="+8613812345678")
    tag = TagFactory(brand=brand, name="露营")
    MembershipFactory(brand=brand, member=member)
    with tenant(brand.pk):
        for n in range(ORDERS):
            make_order(member, f"O-{n}", now - timedelta(days=n, hours=1))
        tags.tag_members(
            tag=tag, member_ids=[member.pk], actor=viewer_of_staff(staff_id=staff.pk), now=now
        )
    return member


def shoot(page, name):
    """Keep a picture to look at oneself, where somebody asked for one."""
    if folder := os.environ.get("PAGE_SHOTS", ""):
        width = page.viewport_size["width"]
        page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True, caret="initial")


@both_widths
def test_job_look_through_orders_and_turn_back(open_page, member, width):
    watched = open_page(f"/members/{member.pk}/", width=width)
    page = watched.page
    card = page.locator("#member-timeline")
    expect(card).to_contain_text("得到标签「露营」")
    watched.settle()
    assert watched.overflow() <= 0
    assert watched.serious_violations() == []
    shoot(page, "member-page")
    card.get_by_role("link", name="订单", exact=True).click()
    expect(card).not_to_contain_text("露营")
    expect(page).to_have_url(f"{page.url.split('?')[0]}?kinds=order")
    expect(card.locator("li")).to_have_count(20)
    older = card.get_by_role("link", name="加载更早的")
    older.focus()
    page.keyboard.press("Enter")
    expect(card.locator("li")).to_have_count(40)
    watched.settle()
    older.click()
    expect(card.locator("li")).to_have_count(ORDERS)
    expect(older).to_have_count(0)
    watched.settle()
    assert watched.overflow() <= 0
    assert watched.serious_violations() == []
    page.go_back()
    expect(card).to_contain_text("露营")


def test_it_turns_back_without_scripts(open_page, member):
    page = open_page(f"/members/{member.pk}/?kinds=order", scripts=False).page
    card = page.locator("#member-timeline")
    expect(card.locator("li")).to_have_count(20)
    for left in (20, 5):
        card.get_by_role("link", name="加载更早的").click()
        expect(card.locator("li")).to_have_count(left)
    card.get_by_role("link", name="回到最新").click()
    expect(card.locator("li")).to_have_count(20)
