"""The page that describes the REST API: drawn by Swagger UI, under the same strict policy."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_operations_are_drawn_and_one_unfolds(open_page):
    """Whatever the policy refuses would be an error in the console, which the fixture reads."""
    page = open_page("/api/docs/").page

    drawn = page.locator(".opblock")
    first = drawn.filter(has=page.locator('[data-path="/api/v1/audit/"]'))
    expect(first).to_be_visible(timeout=30_000)
    first.locator(".opblock-summary-method").click()
    expect(first.locator(".opblock-body .parameters").first).to_contain_text("cursor")
    # It draws what is looked at, and the next ones when somebody goes on.
    last = drawn.last.get_attribute("id")
    drawn.last.scroll_into_view_if_needed()
    expect(drawn.last).not_to_have_id(last)
    expect(page.locator(".errors-wrapper")).to_have_count(0)
