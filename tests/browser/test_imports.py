"""An operator's morning: a file of customers, a trial, a mended choice, the import, the result."""

import csv
import io
import os
import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from core.kernel.scoping import tenant
from core.runs import services as runs
from members.profiles.models import Member
from tests.factories.core import CityFactory, DealerFactory

pytestmark = pytest.mark.browser
SHOTS = os.environ.get("PAGE_SHOTS", "")

HEAD = "客户编号,姓名,手机号,性别,所在城市,归属经销商,入会时间,备注"
ROWS = [
    "C1001,陈小宇,13812345678,女,杭州,杭州滨江远航中心,2024-05-06,老客户",
    "C1002,马明,139 1234 5678,男,杭州市,HZ01,2023/11/2,",
    "C1003,欧阳静,1.38E+10,女,杭州,HZ01,2024-01-15,手机被表格缩短",
    "C1004,赵磊,13700001111,男,亚特兰蒂斯,HZ01,2024-02-30,",
    "C1001,陈小宇,,女,杭州,HZ01,2024-05-06,重复",
]


@pytest.fixture
def places(brand, settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"
    DealerFactory(brand=brand, code="HZ01", name="杭州滨江远航中心", city=CityFactory())


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "十一月到店客户.csv"
    more = [f"D{i},客户{i},1350000{i:04d},男,杭州,HZ01,2024-03-01," for i in range(60)]
    path.write_text("\n".join([HEAD, *ROWS, *more]), encoding="gb18030")
    return path


def work_off(brand):
    runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(minutes=1))


def shot(page, name, width):
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/imports-{name}-{width}.png", full_page=True, caret="initial")


def look(watched, name, width):
    """Nothing sticks out, nothing shuts anybody out; a picture for those who ask."""
    shot(watched.page, name, width)
    assert watched.overflow() <= 0
    assert watched.serious_violations() == []


@pytest.mark.parametrize("width", [1440, 390])
def test_a_file_comes_in_by_hand(open_page, brand, places, file, width):
    watched = open_page("/members/imports/", width=width)
    page = watched.page
    expect(page.get_by_text("还没有导入过")).to_be_visible()
    look(watched, "1-empty", width)

    page.get_by_role("link", name="上传文件").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("上传文件")
    look(watched, "2-upload", width)
    page.get_by_role("button", name="上传并查看列").click()
    expect(page.get_by_role("alert")).to_be_visible()
    look(watched, "3-upload-refused", width)
    page.set_input_files("input[type=file]", str(file))
    page.get_by_role("button", name="上传并查看列").click()

    page.wait_for_url(re.compile(r"/columns/$"))
    expect(page.get_by_label("客户编号", exact=False)).to_have_value("客户编号")
    expect(page.get_by_label("归属经销商")).to_have_value("归属经销商")
    expect(page.get_by_text("138****5678").first).to_be_visible()
    look(watched, "4-columns", width)
    page.get_by_label("标签", exact=True).select_option("备注")
    expect(page.get_by_text("手机被表格缩短").first).to_be_visible()
    page.get_by_label("标签", exact=True).select_option("")
    page.get_by_label("给文件里所有人打的标签").fill("十一月到店")
    page.get_by_label("记住这些列，名称为").fill("门店到店表")
    page.get_by_role("button", name="试算", exact=True).click()

    page.wait_for_url(re.compile(r"/imports/\d+/$"))
    look(watched, "5-queued", width)
    work_off(brand)
    page.reload()
    expect(page.get_by_text("试算过，未导入")).to_be_visible()
    expect(page.get_by_text("被表格软件缩短").first).to_be_visible()
    with tenant(brand.pk):
        assert not Member.objects.exists()
    look(watched, "6-tried", width)

    page.get_by_role("button", name="导入 62 行").click()
    work_off(brand)
    page.reload()
    expect(page.get_by_role("link", name="查看车主")).to_be_visible()
    with tenant(brand.pk):
        assert Member.objects.count() == 62
    look(watched, "7-done", width)
    with page.expect_download() as download:
        page.get_by_role("link", name="下载 3 行").click()
    assert download.value.suggested_filename.endswith(".csv")

    page.goto("/members/imports/")
    expect(page.get_by_text("十一月到店客户.csv")).to_be_visible()
    look(watched, "8-list", width)


BAD = [
    "{n},坏{n},1381,男,杭州,HZ01,2024-03-01,",  # no phone
    "{n},坏{n},,男,亚特兰蒂斯,HZ01,2024-03-01,",  # no such city
    "{n},坏{n},,男,杭州,HZ99,2024-03-01,",  # no such dealer
    "{n},坏{n},,男,杭州,HZ01,2024-02-30,",  # no such day
    "{n},坏{n},,某,杭州,HZ01,2024-03-01,",  # no such gender
]
MANY, EVERY = 5_000, 20


@pytest.fixture
def large_file(tmp_path):
    """5,000 rows, of which every twentieth cannot be taken in."""
    path = tmp_path / "全年到店客户.csv"
    good = "C{n},客户{n},1350000{n:04d},女,杭州,HZ01,2024-03-01,"
    rows = [
        (BAD[n // EVERY % len(BAD)] if n % EVERY == 0 else good).format(n=n) for n in range(MANY)
    ]
    path.write_text("\n".join([HEAD, *rows]), encoding="utf-8-sig")
    return path


def test_five_thousand_rows_on_a_phone(open_page, brand, places, large_file):
    watched = open_page("/members/imports/new/", width=390, phone=True)
    page = watched.page
    page.set_input_files("input[type=file]", str(large_file))
    page.get_by_role("button", name="上传并查看列").tap()
    page.wait_for_url(re.compile(r"/columns/$"))
    expect(page.get_by_label("归属经销商")).to_have_value("归属经销商")
    look(watched, "phone-columns", 390)
    page.get_by_role("button", name="不试算，直接导入").tap()
    page.wait_for_url(re.compile(r"/imports/\d+/$"))
    bar = page.get_by_role("progressbar")
    expect(bar).to_be_visible()
    assert watched.overflow() <= 0

    # One step of the work, then all of it: the page follows by itself, as nobody reloads it.
    runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(milliseconds=1))
    expect(page.locator("#import-state")).to_contain_text("5,000")
    work_off(brand)
    expect(page.get_by_role("link", name="查看车主")).to_be_visible()
    told = page.locator("dl.stats")
    expect(told).to_contain_text(re.compile(r"新建\s*4,750"))
    expect(told).to_contain_text(re.compile(r"退回\s*250"))
    expect(page.locator("#import-rejections .list li")).to_have_count(len(BAD))
    look(watched, "phone-done", 390)
    with tenant(brand.pk):
        assert Member.objects.count() == 4_750
    with page.expect_download() as download:
        page.get_by_role("link", name="下载 250 行").tap()
    told_rows = list(csv.reader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert len(told_rows) == 1 + 250
    reasons = {row[told_rows[0].index("原因")] for row in told_rows[1:]}
    assert len(reasons) == len(BAD)
    assert "" not in reasons
