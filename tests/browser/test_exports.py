"""A large file of people, from the one who needs it to the one who agrees and back."""

import csv
import io
import os
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from core.exports import rules
from core.runs import services as runs
from tests.factories.core import RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.browser
both_widths = pytest.mark.parametrize("width", [1440, 390])


@pytest.fixture(autouse=True)
def files_dir(settings, tmp_path):
    settings.FILES_DIR = tmp_path


@pytest.fixture
def few_alone(monkeypatch):
    monkeypatch.setattr(rules, "ALONE", 3)


def shoot(page, name):
    """Keep a picture to look at oneself, where somebody asked for one."""
    if folder := os.environ.get("PAGE_SHOTS", ""):
        page.screenshot(path=f"{folder}/{name}-{page.viewport_size['width']}.png")


def work(brand):
    """Do what is due, as a worker would."""
    runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(seconds=30))


def become(page, staff):
    """Let somebody else sit down at the browser."""
    client = Client()
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    place = urlsplit(page.url)  # A longer address would keep the cookie to itself.
    page.context.add_cookies(
        [
            {
                "name": settings.SESSION_COOKIE_NAME,
                "value": value,
                "url": f"{place.scheme}://{place.netloc}",
            }
        ]
    )


@both_widths
def test_job_two_people_let_a_large_file_out(open_page, brand, staff, few_alone, width):
    for n in range(5):
        MemberFactory(brand=brand, display_name=f"车主{n}")
    other = StaffFactory(brand=brand, display_name="林复核")
    RoleGrantFactory(brand=brand, staff=other, role="hq_reviewer")
    watched = open_page("/members/", width=width)
    page = watched.page
    page.get_by_role("link", name="导出", exact=True).click()
    dialog = page.locator("#export")
    expect(dialog).to_contain_text("需要另一位同事批准")
    shoot(page, "approval-asked")
    assert watched.serious_violations() == []
    dialog.get_by_role("button", name="生成文件").click()
    page.wait_for_url("**/tasks/*/")
    task = page.url
    work(brand)
    state = page.locator("#run-state")
    expect(state).to_contain_text("等待第二个人")
    assert watched.overflow() <= 0
    shoot(page, "approval-waits")

    become(page, other)
    page.goto("/")
    page.get_by_role("link", name="查看并决定").click()
    page.wait_for_url("**/exports/approvals/*/")
    assert watched.overflow() <= 0
    assert watched.serious_violations() == []
    shoot(page, "approval-decide")
    page.get_by_role("button", name="批准").click()
    expect(page.locator("main")).to_contain_text("有 1 处要改")
    page.get_by_label("原因").fill("年度回访，已与法务确认")
    page.get_by_role("button", name="批准").click()
    expect(page.locator("main")).to_contain_text("已批准")
    shoot(page, "approval-decided")
    page.goto("/exports/approvals/?state=decided")
    expect(page.locator("#approval-list tbody tr")).to_have_count(1)
    assert watched.overflow() <= 0
    shoot(page, "approval-list")

    become(page, staff)
    page.goto(task)
    work(brand)
    page.reload()
    expect(page.locator("#run-state")).to_contain_text("年度回访，已与法务确认")
    shoot(page, "approval-done")
    with page.expect_download() as download:
        page.locator("a[href*='/files/']").click()
    text = download.value.path().read_text("utf-8-sig")
    *rows, mark = csv.reader(io.StringIO(text))
    assert len(rows) == 1 + 5
    assert staff.display_name in mark[0]
