"""What somebody does on the way, on a phone, from the sign-in page on."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from communities.memberships.models import Membership
from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from core.runs.models import Run
from members.duplicates.services import find_duplicates
from tests.factories.communities import PolicyFactory
from tests.factories.core import DealerFactory
from tests.factories.members import ConsentFactory, MemberFactory

pytestmark = pytest.mark.browser
PASSWORD = "correct horse battery"


@pytest.fixture
def member(brand):
    PolicyFactory(brand=brand, name_template="{dealer}·{topic}群 {n}")
    DealerFactory(brand=brand, name="滨江店")
    return ConsentFactory(
        brand=brand, member=MemberFactory(brand=brand, display_name="林可欣", customer_no="C-7")
    ).member


def test_job_sign_in_open_a_community_seat_somebody_and_cancel_a_task(
    open_page, brand, staff, member
):
    staff.set_password(PASSWORD)
    staff.save()
    watched = open_page("/", width=390, phone=True)
    page = watched.page
    page.context.clear_cookies()

    page.goto("/communities/new/")  # Led to the form, and from there to where they were going.
    page.get_by_label("用户名").fill(staff.username)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/communities/new/")

    page.locator("[name=kind][value=service]").check()
    page.locator("[name=dealer]").select_option(label="滨江店")
    page.locator("[name=topic]").fill("用车")
    page.get_by_role("button", name="创建社群").click()
    page.wait_for_url(lambda url: "/new/" not in url)
    expect(page.locator("h1")).to_contain_text("滨江店")

    page.get_by_role("link", name="添加成员").first.click()
    drawer = page.locator("#layer dialog")
    drawer.get_by_label("找到车主").fill("C-7")
    drawer.locator("#member-hits").get_by_role("radio").check()
    drawer.get_by_role("button", name="添加 1 位成员").click()
    expect(drawer).to_have_count(0)
    with tenant(brand.pk):
        assert Membership.objects.get().member_id == member.pk
        run = find_duplicates(actor=system_viewer(brand.pk), now=timezone.now())

    page.goto(f"/tasks/{run.pk}/")
    page.get_by_role("link", name="取消任务…").click()
    page.locator("#cancel-run").get_by_role("button", name="取消任务").click()
    expect(page.locator("#run-state")).to_contain_text("已取消")
    with tenant(brand.pk):
        assert Run.objects.get(pk=run.pk).state == Run.State.CANCELLED
    assert watched.overflow() <= 0
