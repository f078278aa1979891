"""What an operator does in the browser, one method per job. Waits for results, never for time."""

import re
from pathlib import Path

from django.conf import settings
from playwright.sync_api import expect

from tests.faults.product import wait_until

NUMBER = re.compile(r"\d[\d,]*")
A_LONG_JOB = 180  # seconds
STORY = Path(settings.BASE_DIR, "docs", "walkthrough.md").read_text(encoding="utf-8")
SHOWN = set(re.findall(r"\(walkthrough/(\w+)\.png\)", STORY))


class Operator:
    """One signed-in browser at the desk, and the screenshots it leaves."""

    def __init__(self, page, product, brand_id, shots):
        self.page, self.product, self.brand_id = page, product, brand_id
        self.shots = Path(shots)

    def sign_in(self, password):
        self.page.goto("/sign-in/")
        self.page.fill("[name=username]", "walker")
        self.page.fill("[name=password]", password)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda url: "sign-in" not in url)

    def shoot(self, name):
        """Keep what the screen shows, where docs/walkthrough.md shows it."""
        self.page.wait_for_load_state("networkidle")
        if name in SHOWN:
            self.page.screenshot(path=self.shots / f"{name}.png", caret="initial")

    # Jobs

    def upload(self, subject, path, *, options, shot):
        """Upload a file, take the suggested columns, try it out, bring it in, wait for its end."""
        self.page.goto("/members/imports/new/")
        self.page.locator(f"[name=subject][value={subject}]").check()
        self.page.set_input_files("[type=file]", str(path))
        self.press("main form button.btn-primary")
        self.page.wait_for_url(re.compile(r"/members/imports/\d+/columns/"))
        for name, value in options.items():
            self.choose(name, value)
        self.shoot(f"{shot}_columns")
        self.press("button[value=try]")
        self.run_ends("import", f"{shot}_trial")
        self.press("form[action$='/start/'] button")
        self.run_ends("import", shot)

    def choose(self, name, value):
        """Fill one option, unfolding what hides it."""
        field = self.page.locator(f"[name={name}]")
        field.first.evaluate("f => { const d = f.closest('details'); if (d) d.open = true; }")
        if field.first.get_attribute("type") == "checkbox":
            field.and_(self.page.locator(f"[value={value}]")).check()
        elif field.first.evaluate("f => f.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)

    def make_tag(self, group, name):
        self.page.goto("/members/tags/groups/new/")
        self.page.fill("[name=name]", group)
        self.press("form button.btn-primary")
        self.page.goto("/members/tags/new/")
        self.page.fill("[name=name]", name)
        self.page.select_option("[name=group]", label=group)
        self.press("form button.btn-primary")
        return self.one("SELECT id FROM members_tag WHERE name = %s", name)

    def rule_of_repeat_buyers(self, tag_id, *, orders, days, until):
        """Give the tag to whoever ordered so often within so many days before a date."""
        self.page.goto(f"/members/tags/{tag_id}/rule/")
        row = self.page.locator(".rule-r").first
        row.locator("[data-field]").select_option("orders.count")
        row.locator("[data-cmp]").select_option("gte")
        numbers = row.locator("[data-value] input[type=number]")
        numbers.nth(0).fill(str(orders))
        numbers.nth(1).fill(str(days))
        row.locator("summary").first.click()
        row.locator("input[type=date]").fill(until)
        counted = self.page.locator("#segment-count b")
        expect(counted).to_have_text(NUMBER)
        found = number_of(counted.inner_text())
        self.shoot("tag_rule")
        self.page.locator("button[name=apply]").click()
        self.page.wait_for_url(re.compile(r"/tasks/\d+/"))
        self.run_ends("tag_rule", "tag_rule_run")
        return found

    def segment_of_tag(self, name, tag):
        self.page.goto("/members/segments/new/")
        self.page.fill("[name=name]", name)
        row = self.page.locator(".rule-r").first
        row.locator("[data-field]").select_option("tags")
        row.locator("summary").first.click()
        row.locator(".picker-options").get_by_text(tag, exact=True).click()
        expect(self.page.locator("#segment-count b")).to_have_text(NUMBER)
        self.page.keyboard.press("Escape")
        self.shoot("segment")
        self.press("form button.btn-primary")
        self.page.wait_for_url(re.compile(r"/members/segments/\d+/"))
        return self.one("SELECT id FROM members_segment WHERE name = %s", name)

    def build(self, name, *, kind, by, segment_id=None, topic="", promotes=False, shot):
        """Write a rule, look at its preview, confirm, wait; return the run's id."""
        self.page.goto("/communities/build-rules/new/")
        self.page.fill("[name=name]", name)
        if segment_id:
            self.page.select_option("[name=segment]", str(segment_id))
        self.page.locator(f"[name=group_by][value={by}]").check()
        self.page.locator(f"[name=kind][value={kind}]").check()
        self.page.fill("[name=topic]", topic)
        if promotes:
            self.page.locator("[name=promotes]").check()
        self.page.locator("button[name=preview]").click()
        self.page.wait_for_url(re.compile(r"/communities/build-runs/\d+/"))
        confirm = self.page.locator("a[href$='/confirm/']")
        expect(confirm).to_be_visible(timeout=A_LONG_JOB * 1000)
        self.shoot(f"{shot}_preview")
        confirm.click()
        dialog = self.page.locator("dialog[open]")
        expect(dialog).to_be_visible()
        self.shoot(f"{shot}_confirm")
        dialog.locator("button.btn-primary").click()
        # This run and no other: one that was applied before has a task that succeeded, too.
        run_id = self.one("SELECT max(id) FROM communities_buildrun")
        state = "SELECT state FROM communities_buildrun WHERE id = %s"
        wait_until(lambda: self.one(state, run_id) == "applied", seconds=A_LONG_JOB)
        self.page.reload()
        self.shoot(f"{shot}_done")
        return run_id

    def broadcast(self, name, text, *, kind, rooms):
        """Write to every room of a kind and wait until it has arrived; return the broadcast."""
        self.page.goto("/communities/broadcasts/new/")
        self.page.fill("[name=name]", name)
        self.page.fill("[name=body]", text)
        self.page.locator("[name=purpose][value=service]").check()
        self.page.locator(f"[name=kinds][value={kind}]").check()
        expect(self.page.locator("#bar-summary")).to_contain_text(f"{rooms} 个群")
        self.shoot("broadcast_compose")
        self.page.locator("button[name=then][value=confirm]").click()
        dialog = self.page.locator("dialog[open]")
        expect(dialog).to_be_visible()
        self.shoot("broadcast_confirm")
        with self.page.expect_navigation():
            dialog.locator("button.btn-primary").click()
        done = "SELECT count(*) FROM communities_broadcast WHERE state = 'sent'"
        wait_until(lambda: self.one(done) == 1, seconds=A_LONG_JOB)
        broadcast_id = self.one("SELECT max(id) FROM communities_broadcast")
        self.page.goto(f"/communities/broadcasts/{broadcast_id}/")
        self.shoot("broadcast_report")
        return broadcast_id

    # Helpers

    def press(self, button):
        """Click a button that posts, and wait for what comes back."""
        with self.page.expect_response(lambda answer: answer.request.method == "POST"):
            self.page.locator(button).last.click()
        self.page.wait_for_load_state("networkidle")

    def run_ends(self, kind, shot):
        """Wait until the newest run of a kind has succeeded."""
        state = "SELECT state || error FROM core_run WHERE kind = %s ORDER BY id DESC LIMIT 1"

        def ended():
            rows = self.product.all(self.brand_id, state, kind)
            assert not rows or not rows[0][0].startswith("failed"), rows
            return rows and rows[0][0] == "succeeded"

        wait_until(ended, seconds=A_LONG_JOB)
        if shot:
            self.page.reload()
            self.shoot(shot)

    def one(self, sql, *params):
        return self.product.one(self.brand_id, sql, *params)

    def row(self, sql, *params):
        [row] = self.product.all(self.brand_id, sql, *params)
        return row


def number_of(text):
    """The first number of a text, its separators left out."""
    return int(NUMBER.search(text)[0].replace(",", ""))
