"""A field of the brand's own: declared, given to somebody, and somebody found by it."""

import os

import pytest
from playwright.sync_api import expect

from tests.factories.members import MemberFactory

pytestmark = pytest.mark.browser


def shoot(page, name):
    """Keep a picture to look at oneself, where somebody asked for one."""
    if folder := os.environ.get("PAGE_SHOTS", ""):
        page.screenshot(path=f"{folder}/{name}-{page.viewport_size['width']}.png", full_page=True)


@pytest.mark.parametrize("width", [1440, 390])
def test_job_declare_a_field_fill_it_in_and_find_who_has_it(open_page, brand, width):
    member, _other = (MemberFactory(brand=brand, display_name=n) for n in ("陈小宇", "马明"))
    watched = open_page("/members/fields/", width=width)
    page = watched.page
    page.get_by_role("link", name="新增字段").first.click()
    page.locator("[name=label]").fill("购车用途")
    page.locator("[name=kind]").select_option("choice")
    choices = page.locator("[name=choices]")
    expect(choices).to_be_visible()
    expect(page.locator("[name=label]")).to_have_value("购车用途")
    choices.fill("家庭出行\n自驾旅行")
    page.locator("[name=key]").fill("Car use")
    page.get_by_role("button", name="新增字段").click()
    expect(page.locator("#custom-field-form")).to_contain_text("标识以小写字母开头")
    assert watched.serious_violations() == []
    assert watched.overflow() <= 0
    shoot(page, "custom-field-refused")
    page.locator("[name=key]").fill("car_use")
    page.get_by_role("button", name="新增字段").click()
    page.wait_for_url("**/members/fields/")
    expect(page.locator("#custom-field-list")).to_contain_text("家庭出行、自驾旅行")
    expect(page.locator("[id^=field-count-]")).to_have_text("0")
    assert watched.serious_violations() == []
    assert watched.overflow() <= 0
    shoot(page, "custom-fields")

    page.goto(f"/members/{member.pk}/")
    page.locator("#section-custom").get_by_role("link", name="填写").click()
    page.get_by_label("购车用途").select_option(label="自驾旅行")
    page.get_by_role("button", name="保存").click()
    page.wait_for_url(f"**/members/{member.pk}/")
    expect(page.locator("#section-custom")).to_contain_text("自驾旅行")
    expect(page.locator("#member-timeline")).to_contain_text("自定义字段（购车用途）")
    assert watched.overflow() <= 0
    shoot(page, "custom-value")

    page.goto("/members/segments/new/")
    row = page.locator(".rule-r").first
    row.locator("[data-field]").select_option("custom.car_use")
    row.locator("summary").first.click()
    row.locator(".picker-options").get_by_text("自驾旅行", exact=True).click()
    expect(page.locator("#segment-count b")).to_have_text("1")
    shoot(page, "custom-segment")
