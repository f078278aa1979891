"""A real headless Chromium against a live server. Every page it opens is watched."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.scene import left_empty

# Playwright keeps an event loop in this thread; the ORM is used between its calls, never inside.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
AXE = Path(settings.BASE_DIR, "node_modules", "axe-core", "axe.min.js").read_text("utf-8")
UNFINISHED = ".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added, [hx-trigger=load]"
# Half faded, any text lacks contrast. What turns without end is not waited for, and nothing longer
# than five seconds: an animation of what is not drawn may never end.
FADED = """Promise.race([
    Promise.allSettled(
        document.getAnimations()
            .filter((one) => one.effect.getComputedTiming().endTime !== Infinity)
            .map((one) => one.finished)
    ),
    new Promise((over) => setTimeout(over, 5000)),
]).then(() => null)"""
# What htmx says of a request that was given up because its page was left. Chromium itself reports
# one that failed.
GIVEN_UP = ("htmx:afterRequest", "htmx:sendError", "htmx:sendAbort")
# Preloading is for sound and films, of which we have none; selectors are not shown.
AXE_OPTIONS = "{resultTypes: ['violations'], preload: false, selectors: false}"
HEIGHTS = {1440: 900, 390: 844, 360: 740}


@dataclass
class Watched:
    """A page and everything about it that a person would not have wanted."""

    page: Page
    host: str
    problems: list[str] = field(default_factory=list)

    def watch(self):
        """Note console errors, exceptions and requests to anybody else."""
        self.page.on("pageerror", lambda error: self.problems.append(f"exception: {error}"))
        self.page.on("console", self._heard)
        self.page.on("request", self._asked)

    def _heard(self, message):
        # A refusal is an answer; Chromium reports it as an error all the same.
        text = message.text
        is_refusal = "status of 422" in text or "status of 412" in text
        if message.type == "error" and not is_refusal and not text.startswith(GIVEN_UP):
            self.problems.append(f"console: {text}")

    def _asked(self, request):
        host = urlsplit(request.url).netloc
        if host and host != self.host:
            self.problems.append(f"foreign request: {request.url}")

    def settle(self):
        """Wait until parts that come after the page are there, and nothing fades any more."""
        expect(self.page.locator(UNFINISHED)).to_have_count(0)
        self.page.evaluate(FADED)

    def serious_violations(self):
        """Return what axe finds serious or worse on the page as it is now."""
        self.page.evaluate(FADED)
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE)
        found = self.page.evaluate(
            f"async () => (await axe.run(document, {AXE_OPTIONS})).violations"
            ".filter(v => v.impact === 'serious' || v.impact === 'critical')"
            ".map(v => `${v.id}: ${v.nodes[0].html}`)"
        )
        return list(found)

    def hold(self, pattern):
        """Keep back every request that fits; return the list of them, to let go one by one."""
        held = []

        def keep(route):
            held.append(route)

        self.page.route(pattern, keep)
        return held

    def overflow(self):
        """Return by how many pixels the page is wider than the screen.

        A phone widens its view to what sticks out, so that is no measure.
        """
        wide = self.page.evaluate("Math.max(document.documentElement.scrollWidth, innerWidth)")
        return wide - self.page.viewport_size["width"]


@pytest.fixture(scope="module")
def committed(django_db_setup, django_db_blocker):
    """Let the tests of a module commit, and empty the tables once at its end.

    Emptying them after each test would take longer than most tests, and meet requests of tabs that
    were closed a moment ago. Each test has a brand of its own instead, which is all that its pages
    can see.
    """
    with left_empty(django_db_blocker):
        yield


@pytest.fixture
def db(committed):
    """What pytest-django gives tests that roll back."""


@pytest.fixture(scope="session")
def server(django_db_setup):
    """Serve the product to all browser tests of this process."""
    running = LiveServer("localhost")
    yield running
    running.stop()


@pytest.fixture
def open_page(chromium, server, signed_in):
    """Open an address as an HQ admin: ``open_page("/kit/", width=390)`` → Watched.

    ``phone`` makes the browser one of a phone: fingers, a dense screen, its way of laying out. At
    the end no page may have logged an error, thrown, or asked another host.
    """
    contexts, opened = [], []

    def open_one(path, *, width=1440, scheme="light", scripts=True, phone=False):
        context = chromium.new_context(
            base_url=server.url,
            viewport={"width": width, "height": HEIGHTS[width]},
            color_scheme=scheme,
            locale="zh-CN",
            java_script_enabled=scripts,
            is_mobile=phone,
            has_touch=phone,
            device_scale_factor=3 if phone else 1,
        )
        context.set_default_timeout(10_000)
        cookie = signed_in.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": server.url}]
        )
        contexts.append(context)
        watched = Watched(context.new_page(), urlsplit(server.url).netloc)
        watched.watch()
        opened.append(watched)
        watched.page.goto(path, wait_until="load")
        return watched

    yield open_one
    for context in contexts:
        context.close()
    assert [problem for watched in opened for problem in watched.problems] == []
