"""A segment is built, looked at again after a while, and the two moments are compared."""

import os
import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from core.kernel.scoping import tenant
from core.runs import services as runs
from members.segments.models import Segment
from tests.factories.members import MemberFactory, OrderFactory

pytestmark = pytest.mark.browser
both_widths = pytest.mark.parametrize("width", [1440, 390])


@pytest.fixture(autouse=True)
def files_dir(settings, tmp_path):
    settings.FILES_DIR = tmp_path


@pytest.fixture
def people(brand):
    """Twelve who bought once; ten of them grow or are mature, eight are women."""
    stages = ["growth"] * 6 + ["mature"] * 4 + ["prospect"] * 2
    made = [
        MemberFactory(
            brand=brand,
            display_name=f"车主{n}",
            stage=stage,
            gender="f" if n < 8 else "",
        )
        for n, stage in enumerate(stages)
    ]
    for member in made:
        OrderFactory(brand=brand, member=member)
    return made


def shoot(page, name):
    """Keep a picture to look at oneself, where somebody asked for one."""
    if folder := os.environ.get("PAGE_SHOTS", ""):
        page.screenshot(path=f"{folder}/{name}-{page.viewport_size['width']}.png", full_page=True)


def work(brand):
    """Do what is due, as a worker would."""
    runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(seconds=30))


def choose(row, field, *values, cmp=None):
    """Fill a condition in: the field, how it compares, and what is ticked of its choices."""
    row.locator("[data-field]").select_option(field)
    if cmp:
        row.locator("[data-cmp]").select_option(cmp)
    if values:
        row.locator("summary").first.click()
        for value in values:
            row.locator(".picker-options").get_by_text(value, exact=True).click()
        row.page.keyboard.press("Escape")


@both_widths
def test_job_build_a_nested_segment_and_compare_two_moments(open_page, brand, people, width):
    watched = open_page("/members/segments/new/", width=width)
    page = watched.page
    page.locator("[name=name]").fill("买过东西的活跃车主")
    root = page.locator("[data-canvas] > .rule")
    number = page.locator("#segment-count b")

    first = root.locator("> .rule-items > .rule-r").first
    choose(first, "orders.count")
    first.locator("[data-value] input").first.fill("1")
    expect(number).to_have_text("12")
    root.locator("> .rule-f [data-add-group]").click()
    inner = root.locator("> .rule-items > .rule:not(.not)")
    choose(inner.locator("> .rule-items > .rule-r").nth(0), "stage", "成长期")
    expect(number).to_have_text("6")
    inner.locator("> .rule-f [data-add-row]").click()
    choose(inner.locator("> .rule-items > .rule-r").nth(1), "stage", "成熟期")
    expect(number).to_have_text("10")
    root.locator("> .rule-f [data-add-exclusion]").click()
    left_out = root.locator("> .rule-items > .rule.not")
    choose(left_out.locator(".rule-r").first, "gender", "女")
    expect(number).to_have_text("2")
    watched.settle()
    assert watched.overflow() <= 0
    assert watched.serious_violations() == []
    shoot(page, "segment-built")
    page.get_by_role("button", name="保存人群").click()
    page.wait_for_url(re.compile(r"/members/segments/\d+/$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("买过东西的活跃车主")
    expect(page.locator("#segment-people b").first).to_have_text("2")
    with tenant(brand.pk):
        tree = Segment.objects.get().tree
    assert [item.get("op") for item in tree["items"]] == [None, "any", "not"]

    page.locator("#segment-tabs").get_by_role("link", name="快照").click()
    take(page, brand, "第 1 份")
    change(brand, people)
    take(page, brand, "第 2 份")
    page.get_by_role("button", name="对比").click()
    page.wait_for_url("**/snapshots/compare/**")
    shown = page.locator("main")
    for who, people_in in (("加入", 2), ("离开", 1), ("留下", 1)):
        row = shown.get_by_role("row").filter(has=page.get_by_role("rowheader", name=who))
        expect(row.locator("td").first).to_have_text(str(people_in))
    watched.settle()
    assert watched.overflow() <= 0
    assert watched.serious_violations() == []
    shoot(page, "snapshots-compared")
    shown.get_by_role("link", name="查看这些车主").first.click()
    expect(page.locator("tbody tr")).to_have_count(2)


def take(page, brand, name):
    """Have a snapshot taken and see it arrive without asking again."""
    page.get_by_role("button", name="拍快照").click()
    row = page.locator("#snapshots-list tbody tr").filter(has_text=name)
    expect(row).to_be_visible()
    work(brand)
    expect(row.get_by_role("link")).not_to_have_count(0)


def change(brand, people):
    """One of the two leaves by their stage; two come in by what is known of them."""
    with tenant(brand.pk):
        people[8].stage = "dormant"
        people[8].save()
        for member in people[:2]:
            member.gender = "m"
            member.save()
