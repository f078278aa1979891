"""The door of an event: who is there is checked in by one press, on a phone too."""

import pytest
from playwright.sync_api import expect

from tests.factories.events import EventFactory, RegistrationFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.browser
both_widths = pytest.mark.parametrize("width", [1440, 390])


@both_widths
def test_job_check_in_who_registered_and_who_just_came(open_page, brand, width):
    event = EventFactory(brand=brand, name="车友咖啡局", capacity=3)
    registered = MemberFactory(brand=brand, display_name="林可欣")
    MemberFactory(brand=brand, display_name="周以安", customer_no="C-7")
    RegistrationFactory(brand=brand, event=event, member=registered)
    page = open_page(f"/events/{event.pk}/", width=width).page
    row = page.locator("#registrations tbody tr")
    row.get_by_role("button", name="签到").click()
    expect(row).to_contain_text("已签到")
    page.get_by_role("link", name="为车主报名").click()
    drawer = page.locator("#registration-add")
    drawer.get_by_label("找到车主").fill("C-7")
    drawer.get_by_role("radio").check()
    drawer.get_by_label("人已到场").check()
    drawer.get_by_role("button", name="报名 1 人").click()
    expect(drawer).to_be_hidden()
    expect(page.locator("#registrations tbody tr")).to_have_count(2)
    expect(page.locator("#event-people")).to_contain_text("现场报名")
