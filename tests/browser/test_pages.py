"""Every page of the console, with real rows, on a desk and on a phone, as an HQ admin sees it.

The list comes from the URL resolver: whatever answers GET is a page unless ``NOT_PAGES`` says why
it is none, and a test holds it to that. A page added later is opened without anybody's help.
"""

import os
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.urls import get_resolver, reverse
from playwright.sync_api import expect

from tests.browser.conftest import HEIGHTS, Watched
from tests.scene import committed_scene
from tests.tenancy.routes import all_routes

pytestmark = pytest.mark.browser
WIDTHS = [1440, 390]
BACKEND = "django.contrib.auth.backends.ModelBackend"
SHOTS = os.environ.get("PAGE_SHOTS", "")  # a folder, to look at the pages oneself

PART = "a part of a page, asked for by htmx"
LAYER = "a dialog or drawer, opened over the page it belongs to"
NOT_PAGES = {
    "healthz": "plain text for supervisors",
    "set_language": "answers POST: keeps the choice and leads back",
    "core:sign-in": "a page of its own test: whoever is signed in is led on",
    "core:sign-out": "answers POST",
    "core:files-download": "a file",
    "core:workbench-todo": PART,
    "core:workbench-health": PART,
    "core:runs-badge": PART,
    "core:runs-panel": PART,
    "core:runs-cancel": LAYER,
    "core:saved-views-delete": LAYER,
    "core:kit-drawer": LAYER,
    "core:kit-progress": PART,
    "core:audit-of-subject": PART,
    "members:timeline": "leads to the member's page, of which it is a part",
    "members:imports-template": "a file",
    "members:custom-fields-counts": PART,
    "members:vehicle-models-delete": LAYER,
    "members:tags-of-member": PART,
    "members:tags-delete": LAYER,
    "members:tags-rule-delete": LAYER,
    "members:merges-undo": LAYER,
    "members:tags-undo": LAYER,
    "members:lifecycle-stages": PART,
    "members:lifecycle-flows": "a file",
    "members:consents-of-member": PART,
    "members:segments-options": "answers in JSON",
    "members:live-state": PART,
    "members:segments-explain": PART,
    "members:segments-people": PART,
    "communities:communities-edit": LAYER,
    "communities:communities-archive": LAYER,
    "communities:rooms-open": LAYER,
    "communities:memberships-add": LAYER,
    "communities:memberships-detail": LAYER,
    "communities:memberships-edit": LAYER,
    "communities:memberships-remove": LAYER,
    "communities:build-rules-archive": LAYER,
    "communities:build-runs-examples": PART,
    "communities:build-runs-confirm": LAYER,
    "communities:broadcasts-choices": PART,
    "communities:broadcasts-state": PART,
    "communities:broadcasts-plan": PART,
    "communities:broadcasts-report": PART,
    "communities:broadcasts-confirm": LAYER,
    "communities:broadcasts-cancel": LAYER,
    "communities:chat-older": PART,
    "events:events-publish": LAYER,
    "events:events-close": LAYER,
    "events:events-cancel": LAYER,
    "events:registrations-add": LAYER,
    "events:registrations-cancel": LAYER,
    "communities:chat-newer": PART,
}
ASKED_WITH = {
    "members:segments-options": "?of=dealer.in",
    "core:exports-new": "?list=members",
    "core:saved-views-new": "?list=members&stage=growth",
}
CONSOLE = [r.name for r in all_routes() if not r.is_api and "GET" in r.methods]
PAGES = [name for name in CONSOLE if name not in NOT_PAGES]
LAYERS = [name for name, why in NOT_PAGES.items() if why == LAYER]
BELOW_LAYERS = "members:tag-groups-new"  # any page will do; this one is short
# A dialog lies above the page, which therefore does not grow with it.
FITS = """dialog => {
    const box = dialog.getBoundingClientRect();
    const parts = [dialog, ...dialog.querySelectorAll(".dlg-h, .dlg-b, .dlg-f")];
    return box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight
        && parts.every((part) => part.scrollWidth <= part.clientWidth);
}"""


@pytest.fixture(scope="module")
def scene(django_db_setup, django_db_blocker, tmp_path_factory):
    """Made and committed once for all pages, which only look."""
    with committed_scene(django_db_blocker, tmp_path_factory.mktemp("files")) as made:
        yield made


@pytest.fixture(scope="module")
def visitor(scene):
    client = Client()
    client.force_login(scene.admin, backend=BACKEND)
    return client


@pytest.fixture(scope="module")
def tabs(chromium, server, visitor):
    """One tab per width, signed in, that goes from page to page as a person does."""
    opened = {}
    for width in WIDTHS:
        context = chromium.new_context(
            base_url=server.url,
            viewport={"width": width, "height": HEIGHTS[width]},
            locale="zh-CN",
            has_touch=width < 500,
        )
        context.set_default_timeout(20_000)
        sign_in(context, server, visitor)
        opened[width] = Watched(context.new_page(), urlsplit(server.url).netloc)
        opened[width].watch()
    yield opened
    for watched in opened.values():
        watched.page.context.close()


def sign_in(context, server, visitor):
    cookie = visitor.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": server.url}]
    )


@pytest.fixture
def go(tabs):
    """Open an address at a width: ``go("/tags/", 390)`` → Watched, answer; no complaint after."""
    used = []

    def to(path, width):
        watched = tabs[width]
        watched.problems.clear()
        used.append(watched)
        answer = watched.page.goto(path, wait_until="load")
        watched.settle()
        return watched, answer

    yield to
    assert [problem for watched in used for problem in watched.problems] == []


def address(scene, name):
    """Return a route's address with a real row in it."""
    try:
        return reverse(name, kwargs=scene.arguments(name, arguments_of(name)))
    except KeyError as unknown:
        pytest.fail(f"{name} needs {unknown}: give tests/scene.py a row of it")


def arguments_of(name):
    """Return which arguments the address of a route takes."""
    *spaces, last = name.split(":")
    resolver = get_resolver()
    for space in spaces:
        resolver = resolver.namespace_dict[space][1]
    return resolver.reverse_dict.getlist(last)[0][0][0][1]


def test_nothing_is_listed_that_is_gone():
    assert sorted(set(NOT_PAGES) - {route.name for route in all_routes()}) == []


@pytest.mark.parametrize("name", [name for name in NOT_PAGES if name in CONSOLE])
def test_what_is_no_page_renders_none(name, scene, visitor):
    """Else a page could hide behind a reason."""
    answer = visitor.get(address(scene, name) + ASKED_WITH.get(name, ""))
    assert answer.status_code != 404
    assert b"<html" not in b"".join(answer).lower()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_page(name, width, scene, go):
    watched, answer = go(address(scene, name) + ASKED_WITH.get(name, ""), width)
    check(watched, answer, name)


@pytest.fixture
def lay(tabs):
    """Have htmx put a dialog over a page: ``lay(address, 390)`` → Watched; no complaint after."""
    used = []

    def over_a_page(path, width):
        watched, below = tabs[width], reverse(BELOW_LAYERS)
        watched.problems.clear()
        used.append(watched)
        if urlsplit(watched.page.url).path != below:
            watched.page.goto(below, wait_until="load")
        watched.page.evaluate("path => htmx.ajax('GET', path, {target: '#layer'})", path)
        expect(watched.page.locator("#layer dialog[open]")).to_be_visible()
        watched.settle()
        return watched

    yield over_a_page
    for watched in used:
        watched.page.locator("#layer").evaluate("layer => layer.replaceChildren()")
    assert [problem for watched in used for problem in watched.problems] == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", LAYERS)
def test_layer(name, width, scene, lay):
    watched = lay(address(scene, name), width)
    page = watched.page
    look(page, name)
    dialog = page.locator("#layer dialog[open]")
    expect(dialog).to_have_count(1)
    expect(dialog.locator("h2").first).not_to_be_empty()
    expect(dialog.locator("option", has_text="-----")).to_have_count(0)
    assert dialog.evaluate(FITS)
    assert watched.overflow() <= 0
    assert watched.serious_violations() == []


def test_what_is_waited_for_never_fades(scene, tabs):
    """It may be marked as waiting; but text that fades is one nobody can read."""
    page, late = tabs[1440].page, tabs[1440].hold("**/people/")
    with page.expect_request("**/people/"):
        page.goto(address(scene, "members:segments-detail"), wait_until="domcontentloaded")
    page.wait_for_timeout(700)
    assert page.locator("#segment-people").evaluate("part => getComputedStyle(part).opacity") == "1"
    late.pop().continue_()
    page.unroute("**/people/")
    page.wait_for_selector("#segment-people table", state="attached")
    assert tabs[1440].serious_violations() == []


@pytest.mark.parametrize("width", WIDTHS)
def test_sign_in(width, scene, go, tabs, server, visitor):
    tabs[width].page.context.clear_cookies()
    watched, answer = go(reverse("core:sign-in"), width)
    check(watched, answer, "core:sign-in")
    sign_in(watched.page.context, server, visitor)


def look(page, name):
    """Keep a picture to look at oneself, where somebody asked for one."""
    if SHOTS:
        width = page.viewport_size["width"]
        page.screenshot(path=f"{SHOTS}/{name.replace(':', '-')}-{width}.png", full_page=True)


def check(watched, answer, name):
    """What holds of every page."""
    page = watched.page
    look(page, name)
    assert answer.status == 200
    assert answer.request.redirected_from is None
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    expect(page.locator("h1")).to_have_count(1)
    expect(page.locator("h1")).not_to_be_empty()
    expect(page.locator("option", has_text="-----")).to_have_count(0)
    assert watched.overflow() <= 0
    assert watched.serious_violations() == []


def test_the_trail_calls_everything_by_its_name(scene, visitor):
    answer = visitor.get(reverse("core:audit-list"))
    numbered = [
        f"{line.subject_name} {line.subject_label}"
        for line in answer.context["lines"]
        if line.subject_name.startswith("#")
        # Who is deleted has no name any more; a deletion is called by their number.
        and line.entry.subject_type != "members.erasure"
    ]
    assert numbered == []


@pytest.fixture
def phone(go):
    """Open an address on a phone → the page."""
    return lambda path: go(path, 390)[0].page


def test_job_create_a_tag(phone):
    page = phone(reverse("members:tags-list"))
    page.get_by_role("link", name="新建标签", exact=True).click()
    drawer = page.locator("#layer dialog")
    drawer.locator("[name=name]").fill("周末可约")
    drawer.locator("[name=group]").select_option(label="看车意向")
    drawer.locator("button.btn-primary").click()
    expect(page.locator("main")).to_contain_text("周末可约")


def test_job_add_somebody_to_the_staff(phone):
    page = phone(reverse("core:staff-list"))
    page.get_by_role("link", name="添加员工").first.click()
    page.locator("[name=username]").fill("fang.lan")
    page.locator("[name=display_name]").fill("方岚")
    page.locator("main button.btn-primary").click()
    page.wait_for_url("**/staff/*/")
    expect(page.locator("h1")).to_contain_text("方岚")


def test_job_write_a_broadcast(phone):
    page = phone(reverse("communities:broadcasts-new"))
    page.locator("[name=name]").fill("周末活动预告")
    page.locator("[name=body]").fill("本周六店内有亲子活动，")
    page.locator("[data-insert]").first.click()
    expect(page.locator("#phone-bubble-text")).to_contain_text("亲子活动")
    page.locator("[name=kinds][value=service]").check()
    expect(page.locator("#dry-run")).to_contain_text("6")
    page.get_by_role("button", name="存为草稿").click()
    page.wait_for_url(lambda url: "/new/" not in url)
    expect(page.locator("h1")).to_contain_text("周末活动预告")
