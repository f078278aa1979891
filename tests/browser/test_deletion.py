"""A member is deleted and nothing is found; before, everything kept is fetched as a file."""

import os
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from core.runs import services as runs
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.browser
both_widths = pytest.mark.parametrize("width", [1440, 390])


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"
    settings.AUDIT_ANCHOR_DIR = tmp_path / "anchors"


@pytest.fixture
def member(brand):
    MemberFactory(brand=brand, display_name="司马相如", phone="+8613900000002")
    return MemberFactory(brand=brand, display_name="欧阳若兰", phone="+8613812345678")


def shoot(page, name):
    """Keep a picture to look at oneself, where somebody asked for one."""
    if folder := os.environ.get("PAGE_SHOTS", ""):
        page.screenshot(path=f"{folder}/{name}-{page.viewport_size['width']}.png")


def work(brand):
    """Do what is due, as a worker would."""
    runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(seconds=30))


@both_widths
def test_job_delete_a_member_and_find_nothing(open_page, brand, member, width):
    watched = open_page(f"/members/{member.pk}/", width=width)
    page = watched.page
    shoot(page, "profile")
    assert watched.overflow() <= 0
    page.get_by_role("link", name="删除…").click()
    dialog = page.locator("#erase")
    expect(dialog).to_contain_text("彻底删除")
    watched.settle()
    assert watched.serious_violations() == []
    shoot(page, "delete-asked")
    dialog.get_by_label("输入车主姓名以确认").fill("欧阳")
    dialog.get_by_role("button", name="删除车主").click()
    expect(dialog).to_contain_text("这不是该车主的姓名")
    shoot(page, "delete-refused")
    dialog.get_by_label("输入车主姓名以确认").fill("欧阳若兰")
    dialog.get_by_role("button", name="删除车主").click()
    page.wait_for_url("**/members/deletions/")
    shoot(page, "deletions-running")
    work(brand)
    page.reload()
    expect(page.locator("#erasure-list")).to_contain_text(f"#{member.pk}")
    expect(page.locator("#erasure-list")).to_contain_text("已删除")
    assert watched.overflow() <= 0
    assert watched.serious_violations() == []
    shoot(page, "deletions")
    for query in ("欧阳若兰", "13812345678"):
        page.goto(f"/members/?q={query}")
        expect(page.locator("main")).not_to_contain_text("欧*")
    page.goto("/members/")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.goto(f"/members/{member.pk}/")
    expect(page.locator("main")).to_contain_text("该车主已删除")
    watched.settle()
    assert watched.overflow() <= 0
    shoot(page, "gone")
    watched.problems.clear()  # Chromium reports the 410 that the page answers with.


@both_widths
def test_job_hand_over_everything_kept(open_page, brand, member, width):
    watched = open_page(f"/members/{member.pk}/", width=width)
    page = watched.page
    page.get_by_role("link", name="全部资料").click()
    page.get_by_label("完整写出手机号和车架号").check()
    assert watched.serious_violations() == []
    assert watched.overflow() <= 0
    shoot(page, "files-asked")
    page.get_by_role("button", name="生成文件").click()
    page.wait_for_url("**/tasks/*/")
    work(brand)
    page.goto(f"/members/{member.pk}/files/")
    shoot(page, "files")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载").click()
    assert download.value.suggested_filename == f"member-{member.pk}.zip"
