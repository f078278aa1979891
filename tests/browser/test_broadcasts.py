"""An operator writes a broadcast, confirms it, and sees it arrive; on a desk and on a phone."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from communities.broadcasts import delivering
from core.kernel.scoping import tenant
from tests.factories.communities import (
    CommunityFactory,
    DeliveryFactory,
    MembershipFactory,
    PolicyFactory,
    RoomFactory,
)
from tests.factories.core import CityFactory, DealerFactory

pytestmark = pytest.mark.browser


@pytest.fixture
def rooms(brand):
    """Three rooms with four people: two in Hangzhou, one in Shanghai."""
    dealer = DealerFactory(brand=brand, name="滨江远航中心")
    shanghai = CityFactory(code="3100", name="上海市", province_name="上海市")
    found = []
    for city, name in ((CityFactory(), "滨江福利群"), (shanghai, "浦东福利群")):
        community = CommunityFactory(
            brand=brand, kind="conversion", dealer=dealer, city=city, name=name
        )
        for number in range(2 if name == "滨江福利群" else 1):
            room = RoomFactory(brand=brand, community=community, name=f"{name} {number + 1}")
            MembershipFactory(brand=brand, room=room)
            found.append(room)
    MembershipFactory(brand=brand, room=found[0])
    return found


def deliver(brand):
    delivering.deliver_due(brand_id=brand.pk, now=timezone.now(), budget=timedelta(seconds=20))


@pytest.mark.parametrize("width", [1440, 390])
def test_from_an_empty_page_to_the_report(open_page, brand, rooms, width):
    watched = open_page("/communities/broadcasts/", width=width)
    page = watched.page
    page.get_by_role("link", name="写群发").first.click()
    page.get_by_label("名称").fill("冬季保养季")
    page.get_by_label("正文").fill("降温了，")
    page.get_by_role("button", name="门店", exact=True).click()
    page.get_by_label("链接").fill("https://example.cn/winter")
    expect(page.locator("#bar-summary")).to_contain_text("4 人（3 个群）")
    page.locator("#picker-city_codes summary").click()
    expect(page.get_by_label("上海市")).to_be_visible()
    page.get_by_label("搜索城市").fill("杭")
    expect(page.get_by_label("上海市")).to_have_count(0)
    page.get_by_label("杭州市").check()
    expect(page.locator("#bar-summary")).to_contain_text("3 人（2 个群）")
    expect(page.locator("#phone")).to_contain_text("降温了，滨江远航中心")
    assert watched.serious_violations() == []
    assert watched.overflow() <= 0
    page.keyboard.press("Escape")
    page.get_by_role("button", name="核对并确认").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 个群的 3 人会收到")
    assert watched.serious_violations() == []
    dialog.get_by_role("button", name="发往 2 个群").click()
    expect(page.locator("#broadcast-state")).to_contain_text("还剩 2 个", timeout=15_000)
    deliver(brand)
    expect(page.locator("#broadcast-state")).to_contain_text("2 / 2 个群已送达")
    expect(page.locator(".page-head")).to_contain_text("已发送")  # the page reloaded by itself
    people = page.locator("#broadcast-report .stat").filter(has_text="送达的人")
    expect(people.locator(".v")).to_have_text("3")
    expect(page.locator("#delivery-list")).to_contain_text("滨江福利群 2")
    assert watched.serious_violations() == []
    assert watched.overflow() <= 0


@pytest.mark.parametrize("width", [1440, 390])
def test_no_tick_is_lost_to_an_answer_that_comes_later(open_page, brand, rooms, width):
    """A search and a trial of the former audience are still on their way when a box is ticked."""
    watched = open_page("/communities/broadcasts/new/", width=width)
    page = watched.page
    expect(page.locator("#bar-summary")).to_contain_text("4 人（3 个群）")
    page.locator("#picker-city_codes summary").click()
    expect(page.get_by_label("上海市")).to_be_visible()
    searches = watched.hold("**/choices/city_codes/**")
    trials = watched.hold("**/broadcasts/trial/")
    search = page.get_by_label("搜索城市")
    with page.expect_request("**/broadcasts/trial/"):
        search.dispatch_event("change")
    with page.expect_request("**/choices/city_codes/**"):
        search.fill("杭")
    page.get_by_label("杭州市").check()
    searches.pop().continue_()
    expect(page.get_by_label("上海市")).to_have_count(0)
    expect(page.get_by_label("杭州市")).to_be_checked()
    # The trial of the new audience waits behind the first, and must not be held as well.
    page.unroute("**/broadcasts/trial/")
    for trial in trials:
        trial.continue_()
    expect(page.locator("#bar-summary")).to_contain_text("3 人（2 个群）")
    expect(page.locator("#picked-city_codes")).to_contain_text("杭州市")
    with page.expect_request("**/choices/city_codes/**"):
        search.fill("上")
    page.get_by_label("杭州市").uncheck()
    searches.pop().continue_()
    page.get_by_label("上海市").check()
    expect(page.get_by_label("杭州市")).to_have_count(1)  # It went with the question.
    expect(page.locator("#bar-summary")).to_contain_text("1 人（1 个群）")


def test_what_the_policy_forbids_is_refused_with_the_next_allowed_time(open_page, brand, rooms):
    PolicyFactory(brand=brand, kind="conversion", marketing_window="month")
    for room in rooms:
        DeliveryFactory(brand=brand, room=room, is_marketing=True, state="sent")
    watched = open_page("/communities/broadcasts/new/")
    page = watched.page
    page.get_by_label("名称").fill("福利日")
    page.get_by_label("正文").fill("福利")
    page.get_by_label("营销消息").check()
    expect(page.locator("#dry-run")).to_contain_text("营销次数已满")
    expect(page.locator("#bar-summary")).to_contain_text("没有人会收到")
    page.get_by_role("button", name="核对并确认").click()
    expect(page.get_by_role("dialog")).to_contain_text("最早可发时间")
    expect(page.get_by_role("dialog").get_by_role("button", name="发往")).to_have_count(0)


@pytest.mark.parametrize("width", [1440, 390])
def test_staff_talk_in_a_room(open_page, brand, rooms, width):
    with tenant(brand.pk):
        room_id = rooms[0].pk
    watched = open_page(f"/communities/rooms/{room_id}/chat/", width=width)
    page = watched.page
    page.get_by_label("消息").fill("大家好，周六店里见")
    page.get_by_role("button", name="发送消息").click()
    expect(page.locator("#chat")).to_contain_text("大家好，周六店里见")
    expect(page.get_by_label("消息")).to_have_value("")
    assert watched.serious_violations() == []
    assert watched.overflow() <= 0
