"""Two people edit one member: the later one loses nothing of what they typed."""

import os

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from members.profiles.models import Member
from members.profiles.services import change_member
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1440, 390])
def test_27_a_form_that_was_outrun_keeps_what_was_typed(open_page, brand, width):
    member = MemberFactory(brand=brand, display_name="陈小宇", phone="+8613812341234")
    watched = open_page(reverse("members:members-edit", args=[member.pk]), width=width)
    page = watched.page
    page.get_by_label("姓名").fill("周以安")
    with tenant(brand.pk):
        change_member(
            member=member,
            changes={"display_name": "林珊"},
            actor=system_viewer(brand.pk),
            now=timezone.now(),
        )
    page.get_by_role("button", name="保存").click()
    note = page.locator(".note.bad")
    expect(note).to_contain_text("有人抢先保存了")
    expect(page.get_by_label("姓名")).to_have_value("周以安")
    watched.settle()
    assert watched.serious_violations() == []
    if folder := os.environ.get("PAGE_SHOTS", ""):
        page.screenshot(path=f"{folder}/stale-{width}.png", caret="initial")
    with page.context.expect_page() as opened:
        note.get_by_role("link").click()
    expect(opened.value.get_by_label("姓名")).to_have_value("林珊")
    with tenant(brand.pk):
        assert Member.objects.get().display_name == "林珊"
