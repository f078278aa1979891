"""Every page of the console, with real rows, on a desk and on a phone, as an HQ admin sees it.

The list comes from the URL resolver: whatever answers GET is a page unless ``NOT_PAGES`` says why
it is none, and a test holds it to that. A page added later is opened without anybody's help.
"""

import os
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client, override_settings
from django.urls import get_resolver, reverse
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from core.kernel.scoping import tenant
from tests.browser.conftest import HEIGHTS, Watched
from tests.browser.scene import make_scene
from tests.tenancy.routes import all_routes

pytestmark = pytest.mark.browser
WIDTHS = [1440, 390]
BACKEND = "django.contrib.auth.backends.ModelBackend"
SHOTS = os.environ.get("PAGE_SHOTS", "")  # a folder, to look at the pages oneself

PART = "a part of a page, asked for by htmx"
LAYER = "a dialog or drawer, opened over the page it belongs to"
NOT_PAGES = {
    "healthz": "plain text for supervisors",
    "set_language": "answers POST; stores the choice and leads back",
    "core:sign-out": "answers POST",
    "core:files-download": "a file",
    "core:workbench-todo": PART,
    "core:workbench-health": PART,
    "core:runs-badge": PART,
    "core:runs-panel": PART,
    "core:runs-cancel": LAYER,
    "core:kit-drawer": LAYER,
    "core:kit-progress": PART,
    "core:audit-of-subject": PART,
    "communities:broadcasts-choices": PART,
    "communities:broadcasts-state": PART,
    "communities:broadcasts-plan": PART,
    "communities:broadcasts-report": PART,
    "communities:broadcasts-confirm": LAYER,
    "communities:broadcasts-cancel": LAYER,
    "communities:chat-older": PART,
    "communities:chat-newer": PART,
}
CONSOLE = {
    route.name: route
    for route in all_routes()
    if not route.is_api and "GET" in route.methods
}
PAGES = [name for name in CONSOLE if name not in NOT_PAGES]


@pytest.fixture(scope="module")
def scene(django_db_setup, django_db_blocker, tmp_path_factory):
    """Made and committed once for all pages, which only look; emptied at the end."""
    files = override_settings(FILES_DIR=tmp_path_factory.mktemp("files"))
    with files, django_db_blocker.unblock():
        try:
            yield make_scene()
        finally:
            options = {"inhibit_post_migrate": True, "reset_sequences": False}
            call_command("flush", verbosity=0, interactive=False, **options)


@pytest.fixture(scope="module")
def server(scene):
    """pytest-django's own live server would empty the tables after every page."""
    running = LiveServer("localhost")
    with override_settings(ALLOWED_HOSTS=["localhost", "testserver"]):
        yield running
        running.stop()


@pytest.fixture(scope="module")
def visitor(scene):
    client = Client()
    client.force_login(scene.admin, backend=BACKEND)
    return client


@pytest.fixture(scope="module")
def browsers(chromium, server, visitor):
    """One window per width, signed in, kept open for all pages."""
    windows = {}
    for width in WIDTHS:
        context = chromium.new_context(
            base_url=server.url,
            viewport={"width": width, "height": HEIGHTS[width]},
            locale="zh-CN",
            has_touch=width < 500,
        )
        context.set_default_timeout(15_000)
        windows[width] = context
        sign_in(context, server, visitor)
    yield windows
    for context in windows.values():
        context.close()


def sign_in(context, server, visitor):
    cookie = visitor.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": server.url}])


@pytest.fixture
def watch(browsers, server):
    """Open an address at a width: ``watch("/tags/", 390)`` → Watched; no complaint at the end."""
    opened = []

    def open_one(path, width):
        watched = Watched(browsers[width].new_page(), urlsplit(server.url).netloc)
        watched.watch()
        opened.append(watched)
        watched.answer = watched.page.goto(path, wait_until="load")
        return watched

    yield open_one
    for watched in opened:
        watched.page.close()
    assert [problem for watched in opened for problem in watched.problems] == []


def address(scene, name):
    """Return a route's address with a real row in it."""
    possibilities = get_resolver().reverse_dict.getlist(name) if ":" not in name else []
    wanted = arguments_of(name) if not possibilities else possibilities[0][0][0][1]
    try:
        return reverse(name, kwargs=scene.arguments(name, wanted))
    except KeyError as unknown:
        pytest.fail(f"{name} needs {unknown}: give tests/browser/scene.py a row of it")


def arguments_of(name):
    """Return which arguments a namespaced route takes."""
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
    answer = visitor.get(address(scene, name))
    assert b"<html" not in b"".join(answer).lower() or answer.status_code >= 300


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_page(name, width, scene, watch, browsers, server, visitor):
    if name == "core:sign-in":
        browsers[width].clear_cookies()
    watched = watch(address(scene, name), width)
    page = watched.page
    page.wait_for_load_state("networkidle")
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name.replace(':', '-')}-{width}.png", full_page=True)
    try:
        assert watched.answer.status == 200
        assert urlsplit(page.url).path == address(scene, name)
        assert page.locator("html").get_attribute("lang") == "zh-hans"
        expect(page.locator("h1")).to_have_count(1)
        expect(page.locator("h1")).not_to_be_empty()
        assert watched.overflow() <= 0
        assert watched.serious_violations() == []
    finally:
        sign_in(browsers[width], server, visitor)
