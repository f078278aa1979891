"""The console of core end to end: a person taken on, given a role, let in and shut out."""

import pytest
from playwright.sync_api import expect

from core.kernel.scoping import tenant
from core.staff.models import RoleGrant, Staff
from tests.factories.core import DealerFactory, StaffFactory, StoreFactory

pytestmark = pytest.mark.browser
both_widths = pytest.mark.parametrize("width", [1440, 390])
PASSWORD = "correct horse battery"


@pytest.fixture
def person(brand):
    return StaffFactory(brand=brand, display_name="沈宜")


@both_widths
def test_choosing_a_role_asks_for_the_nodes_that_fit(open_page, brand, person, width):
    dealer = DealerFactory(brand=brand, name="滨江店")
    store = StoreFactory(brand=brand, dealer=dealer, name="一号厅")
    page = open_page(f"/staff/{person.pk}/", width=width).page
    page.get_by_role("link", name="授予角色").click()
    drawer = page.locator("#staff-grant")
    expect(drawer.locator("[name=dealer]")).to_have_count(0)
    drawer.locator("[name=role]").select_option("dealer_staff")
    drawer.get_by_role("button", name="授予角色").click()
    expect(drawer.locator(".note.bad")).to_be_focused()
    drawer.locator("[name=dealer]").select_option(label="滨江店")
    drawer.locator("[name=store]").select_option(label="一号厅")
    expect(drawer.locator("[name=role]")).to_have_value("dealer_staff")
    drawer.get_by_role("button", name="授予角色").click()
    expect(page.locator("#toasts .toastx")).to_contain_text("角色已授予")
    expect(page.locator("main")).to_contain_text("一号厅")
    with tenant(brand.pk):
        grant = RoleGrant.objects.get(staff=person)
    assert (grant.dealer_id, grant.store_id) == (dealer.pk, store.pk)


@both_widths
def test_a_new_password_is_shown_once_and_changed_at_the_first_sign_in(
    open_page, chromium, server, person, width
):
    watched = open_page(f"/staff/{person.pk}/", width=width)
    page = watched.page
    page.get_by_role("link", name="重置密码…").click()
    page.locator("#staff-confirm").get_by_role("button", name="重置密码").click()
    secret = page.locator("#staff-password #secret")
    expect(secret).to_be_visible()
    assert watched.serious_violations() == []
    given = secret.input_value()
    page.get_by_role("link", name="已交给本人").click()
    expect(page.locator("#secret")).to_have_count(0)

    context = chromium.new_context(base_url=server.url, locale="zh-CN")
    theirs = context.new_page()
    theirs.goto("/tasks/")
    theirs.locator("[name=username]").fill(person.username.upper())
    theirs.locator("[name=password]").fill(given)
    theirs.get_by_role("button", name="登录").click()
    expect(theirs.locator("main")).to_contain_text("请先换成自己的密码")
    theirs.locator("[name=old_password]").fill(given)
    for name in ("new_password", "repeated"):
        theirs.locator(f"[name={name}]").fill(PASSWORD)
    theirs.get_by_role("button", name="修改密码").click()
    expect(theirs.locator("#toasts .toastx")).to_contain_text("密码已修改")
    theirs.goto("/")
    expect(theirs.locator("h1")).to_contain_text("沈宜")
    assert Staff.objects.get(pk=person.pk).check_password(PASSWORD)
    context.close()


def test_deactivating_asks_first(open_page, person):
    page = open_page(f"/staff/{person.pk}/").page
    page.get_by_role("link", name="停用…").click()
    page.locator("#staff-confirm").get_by_role("button", name="取消").click()
    assert Staff.objects.get(pk=person.pk).is_active
    page.get_by_role("link", name="停用…").click()
    page.locator("#staff-confirm").get_by_role("button", name="停用 沈宜").click()
    expect(page.get_by_role("button", name="重新启用")).to_be_visible()
    assert not Staff.objects.get(pk=person.pk).is_active


@both_widths
def test_a_dealer_is_found_from_anywhere(open_page, brand, width):
    DealerFactory(brand=brand, name="杭州滨江店")
    page = open_page("/audit/", width=width).page
    page.keyboard.press("Control+k")
    page.locator("#palette input").fill("滨江")
    expect(page.locator("#palette-list")).to_contain_text("杭州滨江店")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("杭州滨江店")


def test_the_tree_is_grown_in_a_drawer(open_page, brand):
    dealer = DealerFactory(brand=brand, name="滨江店")
    page = open_page("/organization/").page
    page.get_by_role("link", name="新建经销商").click()
    drawer = page.locator("#node-edit")
    drawer.locator("[name=name]").fill("西湖店")
    drawer.locator("[name=region]").select_option(label=dealer.region.name)
    drawer.locator("[name=city]").fill("亚特兰蒂斯")
    drawer.locator("[name=code]").fill("XH01")
    drawer.get_by_role("button", name="新建经销商").click()
    expect(drawer.locator(".note.bad")).to_be_focused()
    expect(drawer.locator("[name=name]")).to_have_value("西湖店")
    drawer.locator("[name=city]").fill("杭州")
    drawer.get_by_role("button", name="新建经销商").click()
    expect(page.locator("h1")).to_have_text("西湖店")


def test_a_key_is_made_and_copied(open_page):
    page = open_page("/api-keys/new/").page
    page.locator("[name=name]").fill("DMS")
    page.get_by_role("button", name="生成密钥").click()
    expect(page.locator(".note.bad")).to_be_focused()
    page.get_by_label("查看车主").check()
    page.get_by_role("button", name="生成密钥").click()
    assert page.locator("#secret").input_value().startswith("qy_")


@pytest.mark.parametrize("width", [1440, 390])
def test_a_workbench_with_nothing_on_it_keeps_within_its_card(open_page, width):
    page = open_page("/", width=width).page
    card, empty = page.locator("#todo"), page.locator("#todo .empty")
    expect(empty).to_be_visible()
    edge, end = card.bounding_box(), empty.bounding_box()
    assert end["y"] + end["height"] <= edge["y"] + edge["height"]
    assert end["x"] + end["width"] <= edge["x"] + edge["width"]
