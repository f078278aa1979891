"""Two members are compared, merged and given back, on a desk and on a phone."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from core.kernel.scoping import tenant
from members.orders.models import Order
from members.profiles.models import Member
from tests.browser.test_lists import both_widths, shoot
from tests.factories.members import MemberFactory, OrderFactory, OwnershipFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def twins(brand):
    winner = MemberFactory(
        brand=brand, display_name="陈小宇", phone="+8613811110001", stage="growth"
    )
    loser = MemberFactory(
        brand=brand, display_name="陈晓宇", phone="+8613922220002", stage="mature"
    )
    OrderFactory.create_batch(2, brand=brand, member=loser)
    OwnershipFactory(brand=brand, member=loser)
    return winner, loser


def orders_of(brand, member):
    with tenant(brand.pk):
        return Order.objects.filter(member_id=member.pk).count()


@both_widths
def test_job_merge_two_members_and_undo(open_page, brand, twins, width):
    winner, loser = twins
    watched = open_page(f"/members/{winner.pk}/", width=width)
    page = watched.page
    page.get_by_role("link", name="合并…").click()
    page.get_by_label("另一位车主").fill("13922220002")
    page.get_by_role("button", name="查看将要转移的内容").click()
    page.wait_for_url(f"**/{winner.pk}/merge/{loser.pk}/")
    watched.settle()
    expect(page.locator("#merge-form")).to_contain_text("订单")
    assert watched.serious_violations() == []
    assert watched.overflow() <= 0
    shoot(page, "merge-preview")
    page.get_by_label("成熟期").check()
    page.get_by_role("button", name="合并两位车主").click()
    page.wait_for_url("**/merges/*/")
    watched.settle()
    assert watched.serious_violations() == []
    assert watched.overflow() <= 0
    shoot(page, "merge-done")
    assert orders_of(brand, winner) == 2
    with tenant(brand.pk):
        assert Member.objects.get().stage == "mature"
    page.get_by_role("link", name="撤销合并").click()
    page.get_by_role("dialog").get_by_role("button", name="撤销合并").click()
    page.wait_for_url(f"**{reverse('members:members-detail', args=[loser.pk])}")
    watched.settle()
    expect(page.get_by_role("heading", level=1)).to_have_text("陈晓宇")
    assert watched.overflow() <= 0
    shoot(page, "merge-undone")
    assert orders_of(brand, loser) == 2
    with tenant(brand.pk):
        stages = dict(Member.objects.values_list("pk", "stage"))
    assert stages == {winner.pk: "growth", loser.pk: "mature"}
    told = page.locator("#member-timeline")
    expect(told).to_contain_text("撤销了合并")
    page.goto(reverse("members:members-detail", args=[winner.pk]))
    expect(told).to_contain_text("陈*宇 已合并到此车主")
    expect(told).to_contain_text("陈*宇 的合并已撤销")
    expect(told).not_to_contain_text("下单")
