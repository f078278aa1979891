"""The lifecycle: look at the flows, try other rules, move somebody by hand."""

import os
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from core.runs import services as runs
from members.lifecycle import services
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.browser
both_widths = pytest.mark.parametrize("width", [1440, 390])


@pytest.fixture
def people(brand):
    """Some have been silent for long; the night has moved them."""
    days = [100, 100, 200, 40, 40, 1]
    stages = ["growth", "mature", "growth", "growth", "prospect", "introduction"]
    now = timezone.now()
    made = [
        MemberFactory(
            brand=brand, display_name=f"车主{n}", stage=stage, created_at=now - timedelta(days=ago)
        )
        for n, (ago, stage) in enumerate(zip(days, stages, strict=True))
    ]
    with tenant(brand.pk):
        services.move_everybody(actor=system_viewer(brand.pk), now=now)
    runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(seconds=30))
    return made


def shoot(page, name):
    """Keep a picture to look at oneself, where somebody asked for one."""
    if folder := os.environ.get("PAGE_SHOTS", ""):
        page.screenshot(path=f"{folder}/{name}-{page.viewport_size['width']}.png", full_page=True)


@both_widths
def test_job_look_at_flows_and_try_other_rules(open_page, people, width):
    watched = open_page("/members/lifecycle/", width=width)
    page = watched.page
    expect(page.locator("ol.stages > li")).to_have_count(6)
    figure = page.locator("figure.sankey")
    expect(figure.locator("svg:visible path.band")).to_have_count(3)
    expect(figure.locator("table")).to_be_hidden()
    assert watched.serious_violations() == []
    assert watched.overflow() <= 0
    shoot(page, "lifecycle-board")
    figure.get_by_role("button", name="表", exact=True).click()
    expect(figure.get_by_role("row", name="成长期 流失")).to_contain_text("1")
    page.locator("#lifecycle-flows").get_by_role("link", name="30 天").click()
    page.wait_for_url("**/lifecycle/?days=30")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载").click()
    assert download.value.suggested_filename == "lifecycle-flows-30.csv"

    page.get_by_role("link", name="修改规则").click()
    page.get_by_label("多少天不活跃算沉睡").fill("30")
    page.get_by_role("button", name="预览影响").click()
    preview = page.locator("#preview")
    expect(preview).to_contain_text("成长期")
    expect(preview.locator("tfoot")).to_contain_text("2")
    assert watched.serious_violations() == []
    assert watched.overflow() <= 0
    shoot(page, "lifecycle-rules")
    page.get_by_label("多少天不活跃算流失").fill("20")
    page.get_by_role("button", name="保存规则").click()
    expect(page.locator(".note.bad")).to_be_visible()
    page.get_by_label("多少天不活跃算流失").fill("120")
    page.get_by_role("button", name="保存规则").click()
    page.wait_for_url("**/members/lifecycle/")
    expect(page.locator("body")).to_contain_text("30 天不活跃")


@both_widths
def test_job_move_somebody_by_hand(open_page, people, width):
    watched = open_page(f"/members/{people[0].pk}/", width=width)
    page = watched.page
    section = page.locator("#section-lifecycle")
    expect(section).to_contain_text("90 天没有任何活动")
    section.get_by_role("link", name="调整阶段").click()
    drawer = page.locator("#stage-drawer")
    drawer.get_by_label("新阶段").select_option("mature")
    drawer.get_by_role("button", name="调整阶段").click()
    expect(drawer.get_by_role("alert")).to_be_visible()
    assert watched.serious_violations() == []
    drawer.get_by_label("调整原因").fill("电话回访，仍在用车")
    drawer.get_by_role("button", name="调整阶段").click()
    expect(page.locator("#section-lifecycle")).to_contain_text("电话回访，仍在用车")
    watched.settle()
    assert watched.overflow() <= 0
    shoot(page, "lifecycle-member")
