"""A balance is put right by hand, and an entry is taken back."""

import os

import pytest
from playwright.sync_api import expect

from tests.factories.members import MemberFactory
from tests.factories.points import balance, post

pytestmark = pytest.mark.browser
both_widths = pytest.mark.parametrize("width", [1440, 390])


def shoot(page, name):
    """Keep a picture to look at oneself, where somebody asked for one."""
    if folder := os.environ.get("PAGE_SHOTS", ""):
        page.screenshot(path=f"{folder}/{name}-{page.viewport_size['width']}.png")


@both_widths
def test_job_put_a_balance_right(open_page, brand, width):
    member = MemberFactory(brand=brand, display_name="陈小宇")
    post(member, 120, reason="双倍积分周")
    watched = open_page(f"/members/{member.pk}/", width=width)
    page = watched.page
    card = page.locator("#member-points")
    expect(card).to_contain_text("120")
    card.get_by_role("link", name="调整…").click()
    drawer = page.locator("#adjust-points")
    drawer.get_by_label("数额").fill("-500")
    drawer.get_by_label("原因").fill("重复发放")
    assert watched.serious_violations() == []
    assert watched.overflow() <= 0
    shoot(page, "points-adjust")
    drawer.get_by_role("button", name="调整", exact=True).click()
    expect(drawer).to_contain_text("积分不足：只剩 120")
    expect(drawer.get_by_label("原因")).to_have_value("重复发放")
    drawer.get_by_label("数额").fill("-20")
    drawer.get_by_role("button", name="调整", exact=True).click()
    page.wait_for_url(f"**/points/members/{member.pk}/")
    rows = page.locator("#member-entries tbody tr")
    expect(rows).to_have_count(2)
    assert watched.serious_violations() == []
    assert watched.overflow() <= 0
    shoot(page, "points-of-member")
    rows.first.get_by_role("link", name="撤销").click()
    dialog = page.locator("dialog.modalx")
    expect(dialog).to_contain_text("+20")
    dialog.get_by_label("原因").fill("调整有误")
    assert watched.serious_violations() == []
    shoot(page, "points-reverse")
    dialog.get_by_role("button", name="撤销 20").click()
    expect(rows).to_have_count(3)
    assert balance(member) == 120
