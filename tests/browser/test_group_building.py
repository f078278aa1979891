"""Groups are built: a rule, what it would do, the confirmation, people in their rooms."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from communities.memberships.models import Membership
from core.kernel.scoping import tenant
from core.runs import services as runs
from tests.factories.communities import PolicyFactory
from tests.factories.core import DealerFactory
from tests.factories.members import ConsentFactory, MemberFactory

pytestmark = pytest.mark.browser
both_widths = pytest.mark.parametrize("width", [1440, 390])


@pytest.fixture
def people(brand):
    """Five of one dealer and three of another who agreed to communities, and one who did not."""
    PolicyFactory(brand=brand, name_template="{dealer}·{topic}群 {n}", room_cap=4)
    near, far = (DealerFactory(brand=brand, name=name) for name in ("滨江店", "城西店"))
    people = [
        MemberFactory(brand=brand, display_name=f"车主{n}", home_dealer=near if n < 5 else far)
        for n in range(9)
    ]
    for member in people[:8]:
        ConsentFactory(brand=brand, member=member)
    return people


def work(brand):
    """Do what is due, as a worker would."""
    runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(seconds=30))


def look(watched):
    watched.settle()
    assert watched.overflow() <= 0
    assert watched.serious_violations() == []


@both_widths
def test_job_write_a_rule_look_at_its_preview_and_confirm(open_page, brand, people, width):
    watched = open_page("/communities/build-rules/", width=width)
    page = watched.page
    page.get_by_role("link", name="写一条规则").first.click()
    page.locator("[name=name]").fill("按经销商建服务群")
    page.locator("[name=group_by][value=dealer]").check()
    page.locator("[name=kind][value=service]").check()
    page.locator("[name=topic]").fill("用车")
    expect(page.locator("#rule-names")).to_contain_text("用车群 1")
    look(watched)
    page.get_by_role("button", name="保存并预览").click()
    page.wait_for_url(re.compile(r"/communities/build-runs/\d+/"))

    work(brand)
    confirm = page.get_by_role("link", name="确认并执行…")
    expect(confirm).to_be_visible()  # The page asks by itself how far the preview is.
    expect(page.locator("#run-preview")).to_contain_text("滨江店")
    look(watched)
    with tenant(brand.pk):
        assert not Membership.objects.exists(), "a preview seats nobody"
    confirm.click()
    dialog = page.locator("#run-confirm")
    expect(dialog).to_contain_text("8 人")
    look(watched)
    dialog.locator("button.btn-primary").click()
    expect(dialog).to_have_count(0)

    work(brand)
    expect(page.locator("#run-preview .sum")).to_contain_text("已放置")
    look(watched)
    with tenant(brand.pk):
        seats = list(Membership.objects.values_list("room__name", "member__display_name"))
    # Four seats a room: the fifth of the first dealer opened a second one.
    rooms = sorted(room for room, _person in seats)
    assert rooms == ["城西店·用车群 1"] * 3 + ["滨江店·用车群 1"] * 4 + ["滨江店·用车群 2"]
    assert people[8].display_name not in {person for _room, person in seats}
