"""What can be done with whole lists: exported, tagged, kept under a name, sorted."""

import csv
import io
import os
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from core.kernel.scoping import tenant
from core.runs import services as runs
from members.tags.models import MemberTag
from tests.factories.core import DealerFactory
from tests.factories.members import MemberFactory, TagFactory

pytestmark = pytest.mark.browser
both_widths = pytest.mark.parametrize("width", [1440, 390])


@pytest.fixture(autouse=True)
def files_dir(settings, tmp_path):
    settings.FILES_DIR = tmp_path


@pytest.fixture
def people(brand):
    dealer = DealerFactory(brand=brand, name="杭州滨江店")
    names = ["陈小宇", "马明", "林可欣", "周以安", "=SUM"]
    return [
        MemberFactory(
            brand=brand,
            display_name=name,
            stage="growth" if n < 4 else "lost",
            home_dealer=dealer,
            phone=f"+861381111000{n}",
        )
        for n, name in enumerate(names)
    ]


def shoot(page, name):
    """Keep a picture to look at oneself, where somebody asked for one."""
    if folder := os.environ.get("PAGE_SHOTS", ""):
        page.screenshot(path=f"{folder}/{name}-{page.viewport_size['width']}.png")


def work(brand):
    """Do what is due, as a worker would."""
    runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(seconds=30))


@both_widths
def test_job_export_a_filtered_list(open_page, brand, people, width):
    watched = open_page("/members/?stage=growth", width=width)
    page = watched.page
    page.get_by_role("link", name="导出", exact=True).click()
    dialog = page.locator("#export")
    expect(dialog).to_contain_text("4 人")
    expect(dialog).to_contain_text("成长期")
    assert watched.serious_violations() == []
    assert watched.overflow() <= 0
    shoot(page, "export-asked")
    dialog.get_by_label("标签").uncheck()
    dialog.get_by_role("button", name="生成文件").click()
    page.wait_for_url("**/tasks/*/")
    work(brand)
    link = page.locator("a[href*='/files/']")
    expect(link).to_be_visible()  # The page asks every two seconds.
    shoot(page, "export-done")
    assert watched.overflow() <= 0
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename.endswith(".csv")
    content = download.value.path().read_bytes()
    head, *rows, mark = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    assert mark[0].startswith("# 由")
    assert "标签" not in head
    assert [row[0] for row in rows] == ["周*安", "林*欣", "马*", "陈*宇"]
    assert "138****0000" in rows[3]
    page.goto("/audit/")
    expect(page.locator("main")).to_contain_text("导出了“车主”共 4 行")


@both_widths
def test_job_tag_all_that_match(open_page, brand, people, width):
    tag = TagFactory(brand=brand, name="周末可约")
    watched = open_page("/members/?stage=growth", width=width)
    page = watched.page
    page.locator("tbody .pick input").first.check()
    bar = page.locator("#member-bulk")
    expect(bar).to_contain_text("1")
    assert watched.overflow() <= 0
    shoot(page, "bulk-bar")
    bar.get_by_role("button", name="全部打标签：4 人").click()
    drawer = page.locator("#tag-drawer")
    expect(drawer).to_contain_text("4 人")
    expect(drawer).to_contain_text("成长期")
    assert watched.serious_violations() == []
    shoot(page, "bulk-asked")
    drawer.locator("[name=tag]").select_option(label="周末可约")
    drawer.locator("button.btn-primary").click()
    page.wait_for_url("**/tasks/*/")
    work(brand)
    expect(page.locator("#run-state")).to_contain_text("打上标签")
    with tenant(brand.pk):
        assert MemberTag.objects.filter(tag_id=tag.pk).count() == 4


@both_widths
def test_job_tag_the_ticked(open_page, brand, people, width):
    tag = TagFactory(brand=brand, name="周末可约")
    page = open_page("/members/", width=width).page
    for n in range(2):
        page.locator("tbody .pick input").nth(n).check()
    page.locator("#member-bulk").get_by_role("button", name="打标签…", exact=True).click()
    drawer = page.locator("#tag-drawer")
    drawer.locator("[name=tag]").select_option(label="周末可约")
    drawer.locator("button.btn-primary").click()
    expect(page.locator("#toasts .toastx")).to_contain_text("2")
    with tenant(brand.pk):
        assert MemberTag.objects.filter(tag_id=tag.pk).count() == 2


@both_widths
def test_job_keep_a_view_and_come_back_to_it(open_page, brand, people, width):
    watched = open_page("/members/?stage=growth", width=width)
    page = watched.page
    page.get_by_role("link", name="保存视图").click()
    dialog = page.locator("#saved-view")
    dialog.locator("[name=name]").fill("成长期车主")
    shoot(page, "view-asked")
    dialog.get_by_role("button", name="保存视图").click()
    current = page.locator(".views a[aria-current]")
    expect(current).to_have_text("成长期车主")
    shoot(page, "view-kept")
    assert watched.overflow() <= 0
    assert watched.serious_violations() == []
    page.goto("/members/")
    page.locator(".views a", has_text="成长期车主").click()
    expect(page.locator("tbody tr")).to_have_count(4)
    page.get_by_role("link", name="编辑视图").click()
    page.locator("#saved-view").get_by_role("link", name="删除…").click()
    page.locator("#delete-view").get_by_role("button", name="删除视图").click()
    expect(page.locator(".views a")).to_have_count(0)


def test_a_list_is_sorted_by_the_keyboard(open_page, brand, people):
    page = open_page("/members/").page
    head = page.get_by_role("link", name="添加于")
    head.focus()
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr").first).to_contain_text("陈*宇")
    expect(page.locator("th[aria-sort=ascending]")).to_have_count(1)
