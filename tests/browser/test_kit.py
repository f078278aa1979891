"""Every component behaves: with a mouse, with a keyboard, on a phone, and without scripts."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
both_widths = pytest.mark.parametrize("width", [1440, 390])


@pytest.fixture
def open_kit(open_page):
    """Open a page and wait for its late parts: they push buttons from under the pointer."""

    def opened(path, **more):
        watched = open_page(path, **more)
        watched.settle()
        if path == "/kit/" and more.get("scripts", True):
            expect(watched.page.locator("#kit-line canvas")).to_be_visible()
            expect(watched.page.locator("#kit-builder-count b")).to_be_visible()
        return watched

    return opened


@both_widths
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_and_fits(open_kit, width, scheme):
    watched = open_kit("/kit/", width=width, scheme=scheme)
    assert watched.overflow() <= 0
    assert watched.serious_violations() == []


def test_it_fits_the_narrowest_phone(open_kit):
    assert open_kit("/kit/", width=360).overflow() <= 0


@both_widths
def test_a_drawer_keeps_what_was_typed_until_it_is_right(open_kit, width):
    watched = open_kit("/kit/", width=width)
    page = watched.page
    page.get_by_role("link", name="抽屉").click()
    drawer = page.locator("#kit-drawer")
    drawer.locator("[name=name]").fill("华东")
    drawer.locator("[name=cap]").fill("999")
    drawer.locator("[name=repeat][value=once]").check()
    drawer.get_by_role("button", name="保存规则").click()
    expect(drawer.locator(".note.bad")).to_be_focused()
    expect(drawer.locator("[name=name]")).to_have_value("华东")
    assert watched.serious_violations() == []
    drawer.locator(".note.bad a").click()
    expect(drawer.locator("[name=cap]")).to_be_focused()
    drawer.locator("[name=cap]").fill("120")
    with page.expect_response(lambda response: response.url.endswith("/kit/")):
        drawer.get_by_role("button", name="保存规则").click()  # The list asks for itself again.
    expect(drawer).to_have_count(0)
    expect(page.locator("#toasts .toastx")).to_contain_text("规则已保存")


def test_leaving_with_changes_asks_first(open_kit):
    page = open_kit("/kit/").page
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.get_by_role("link", name="抽屉").click()
    drawer = page.locator("#kit-drawer")
    drawer.locator("[name=name]").fill("华东")
    drawer.get_by_role("button", name="取消").click()
    expect(drawer).to_be_visible()
    assert asked == ["有改动还没保存，确定要离开吗？"]
    drawer.locator("[name=name]").evaluate("field => delete field.form.dataset.dirty")
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)


def test_the_name_unlocks_what_cannot_be_undone(open_kit):
    page = open_kit("/kit/").page
    page.get_by_role("button", name="输入名字确认").click()
    act = page.locator("#kit-danger-act")
    expect(act).to_be_disabled()
    page.locator("#kit-danger-must").fill("滨江店福利")
    expect(act).to_be_disabled()
    page.locator("#kit-danger-must").fill("滨江店福利群")
    expect(act).to_be_enabled()


@both_widths
def test_filters_live_in_the_address_and_come_off_again(open_kit, width):
    page = open_kit("/kit/", width=width).page
    page.locator("#kit-list .filters summary").click()
    page.select_option("#id_city", "杭州")
    page.get_by_role("button", name="筛选").click()
    expect(page.locator("#kit-list .chip b")).to_have_text("杭州")
    page.wait_for_url("**/kit/?city=*")
    assert "min_orders" not in page.url
    page.locator("#kit-list").get_by_role("link", name="去掉条件：城市 杭州").click()
    expect(page.locator("#kit-list .chip b")).to_have_count(0)


def test_sorting_and_paging_go_back_and_forth(open_kit):
    page = open_kit("/kit/").page
    head = page.locator("#kit-list th", has_text="订单")
    head.get_by_role("link").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    first = page.locator("#kit-list tbody .title a").first
    name = first.inner_text()
    page.get_by_role("link", name="下一页").click()
    page.wait_for_url("**after=*")
    assert "sort=-orders" in page.url
    page.get_by_role("link", name="上一页").click()
    page.wait_for_url("**before=*")
    expect(first).to_have_text(name)
    page.go_back()
    page.wait_for_url("**after=*")
    expect(page.locator(".topbar")).to_have_count(1)


def test_searching_keeps_the_cursor(open_kit):
    page = open_kit("/kit/").page
    page.locator("#list-search").press_sequentially("林", delay=50)
    page.wait_for_url("**q=*")
    expect(page.locator("#kit-list tbody tr")).to_have_count(3)
    expect(page.locator("#list-search")).to_be_focused()


@both_widths
def test_picking_rows_counts_them(open_kit, width):
    page = open_kit("/kit/", width=width).page
    boxes = page.locator("#kit-list tbody .pick input")
    boxes.nth(1).click()
    boxes.nth(4).click(modifiers=["Shift"])
    expect(page.locator("#kit-bulk [data-n]")).to_have_text("4")
    page.get_by_role("button", name="取消选择").click()
    expect(page.locator("#kit-bulk")).to_be_hidden()


@both_widths
def test_conditions_are_counted_as_they_change(open_kit, width):
    page = open_kit("/kit/", width=width).page
    count = page.locator("#kit-builder-count b")
    expect(count).to_have_text("7")
    expect(page.locator("#kit-builder .rule-r .n").first).to_have_text("18 人")
    page.locator("#kit-builder .picker summary").first.click()
    page.locator("#kit-builder .picker-options label", has_text="合肥").click()
    expect(count).to_have_text("9")
    page.get_by_role("button", name="删除这一组").last.click()
    expect(page.locator("#kit-builder .rule.not")).to_have_count(0)
    page.get_by_role("button", name="任一满足").first.click()
    expect(page.locator("#kit-builder-count b")).not_to_have_text("9")


def test_the_builder_works_from_the_keyboard_and_refuses_half_a_condition(open_kit):
    page = open_kit("/kit/").page
    page.locator("#kit-builder > [data-canvas] > .rule > .rule-f [data-add-row]").focus()
    page.keyboard.press("Enter")
    rows = page.locator("#kit-builder .rule-r")
    expect(rows).to_have_count(5)
    expect(rows.last.locator("[data-field]")).to_be_focused()
    page.locator("#kit-builder").evaluate("element => element.closest('form').requestSubmit()")
    expect(rows.last.locator(".err")).to_contain_text("把这个条件填完")
    expect(rows.last.locator("summary")).to_be_focused()
    page.keyboard.press("Enter")
    expect(rows.last.locator(".picker-options input").first).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    expect(rows.last.locator(".err")).to_be_hidden()
    rows.last.get_by_role("button", name="删除条件").press("Enter")
    expect(rows).to_have_count(4)


def test_theme_and_navigation_are_remembered(open_kit):
    page = open_kit("/kit/").page
    page.locator(".topbar [data-theme-toggle]").click()
    page.locator("[data-fold]").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(page.locator("html")).to_have_class("nav-mini")


def test_a_running_task_moves_by_itself(open_kit):
    page = open_kit("/kit/").page
    bar = page.locator("#kit-progress progress")
    expect(bar).not_to_have_attribute("value", "25104", timeout=8_000)


def test_without_scripts_the_data_and_the_forms_are_there(open_kit):
    page = open_kit("/kit/", scripts=False).page
    expect(page.locator("#kit-builder-tree")).to_be_visible()
    expect(page.locator("#kit-line table")).to_be_visible()
    expect(page.locator("#kit-form button[type=submit]")).to_be_visible()


def test_the_palette_goes_places_from_the_keyboard(open_kit):
    page = open_kit("/kit/").page
    page.keyboard.press("/")
    palette = page.locator("#palette")
    expect(palette.locator("input")).to_be_focused()
    page.keyboard.press("Escape")
    expect(palette).to_be_hidden()
    page.keyboard.press("Control+k")
    page.keyboard.press("ArrowDown")
    marked = palette.locator("a.on")
    expect(marked).to_have_count(1)
    goal = marked.get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{goal}")
