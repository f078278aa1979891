from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.kernel.scoping import tenant
from core.runs.models import Run
from members.lifecycle.models import StageChange, StagePolicy
from members.profiles.models import Member
from tests.factories.core import DealerFactory, RoleGrantFactory, StaffFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
BOARD, RULES = reverse("members:lifecycle-board"), reverse("members:lifecycle-rules")
STAGES = reverse("members:lifecycle-stages")
NUMBERS = {
    "introduction_days": 60,
    "mature_days": 400,
    "mature_orders": 3,
    "dormant_days": 30,
    "lost_days": 90,
    "version": 0,
}


def told(member, from_stage, to_stage):
    with tenant(member.brand_id):
        return StageChange.objects.create(
            brand_id=member.brand_id,
            member=member,
            from_stage=from_stage,
            to_stage=to_stage,
            reason="matured",
            policy_version=0,
            at=timezone.now(),
        )


@pytest.fixture
def member(brand):
    return MemberFactory(brand=brand, display_name="陈小宇", stage="mature")


def test_the_board_shows_flows_and_asks_for_the_stages(signed_in, member, query_budget):
    told(member, "growth", "mature")
    with query_budget(4):
        page = signed_in.get(BOARD)
    text = page.content.decode()
    assert f'hx-get="{STAGES}"' in text
    assert text.count('class="band') == 2
    assert "columns" not in page.context


def test_stages_are_counted_in_a_part_of_their_own(signed_in, member, query_budget):
    told(member, "growth", "mature")
    with query_budget(2):
        part = signed_in.get(STAGES, headers=HTMX)
    assert reverse("members:members-list") + "?stage=mature" in part.content.decode()
    columns = {column["stage"]: column for column in part.context["columns"]}
    assert (columns["mature"]["count"], columns["growth"]["count"]) == (1, 0)
    assert (columns["mature"]["came"], columns["growth"]["went"]) == (1, 1)


def test_another_window_is_a_part_of_the_page(signed_in, member):
    part = signed_in.get(BOARD, {"days": "30"}, headers=HTMX)
    assert part.context["days"] == 30
    assert "<html" not in part.content.decode()
    assert signed_in.get(BOARD, {"days": "7"}).context["days"] == 90


def test_flows_come_as_a_file(signed_in, member):
    told(member, "growth", "mature")
    answer = signed_in.get(reverse("members:lifecycle-flows"), {"days": "30"})
    assert answer["Content-Type"].startswith("text/csv")
    assert answer.content.decode("utf-8-sig").splitlines()[1].endswith(",1")


def test_rules_are_previewed_and_then_saved(signed_in, brand, member):
    shown = signed_in.post(RULES, NUMBERS | {"preview": "1"})
    assert shown.status_code == 200
    assert shown.context["preview"]["sum_then"] == 0
    with tenant(brand.pk):
        assert not StagePolicy.objects.exists()
    assert signed_in.post(RULES, NUMBERS | {"save": "1"}).url == BOARD
    with tenant(brand.pk):
        assert StagePolicy.objects.get().dormant_days == 30
    again = signed_in.post(RULES, NUMBERS | {"save": "1", "lost_days": 100})
    assert again.status_code == 412  # Somebody, we ourselves, wrote version 1 meanwhile.


def test_a_preview_counts_who_would_be_moved(signed_in, brand):
    old = timezone.now() - timedelta(days=40)
    MemberFactory(brand=brand, stage="growth", created_at=old)
    preview = signed_in.post(RULES, NUMBERS | {"preview": "1"}).context["preview"]
    assert (preview["sum_now"], preview["sum_then"]) == (0, 1)


@pytest.mark.parametrize("button", ["preview", "save"])
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"lost_days": 30}, "lost_days"),
        ({"mature_days": 60}, "mature_days"),
        ({"dormant_days": ""}, "dormant_days"),
        ({"dormant_days": 0}, "dormant_days"),
    ],
)
def test_numbers_that_do_not_fit_stay_in_the_form(button, changes, field, signed_in):
    answer = signed_in.post(RULES, NUMBERS | {button: "1"} | changes, headers=HTMX)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert 'value="400"' in answer.content.decode() or field == "mature_days"


def test_rules_are_applied_at_once_on_demand(signed_in, brand, member):
    answer = signed_in.post(RULES, NUMBERS | {"apply": "1"})
    with tenant(brand.pk):
        run = Run.objects.get()
    assert answer.url == reverse("core:runs-detail", args=[run.pk])
    assert run.params["terms"]["dormant_days"] == 30
    assert signed_in.post(reverse("members:lifecycle-apply")).status_code == 302


def test_a_member_is_moved_by_hand(signed_in, brand, member):
    url = reverse("members:lifecycle-change", args=[member.pk])
    assert signed_in.get(url, headers=HTMX).status_code == 200
    missing = signed_in.post(url, {"to_stage": "lost", "note": ""}, headers=HTMX)
    assert missing.status_code == 422
    assert "note" in missing.context["form"].errors
    signed_in.post(url, {"to_stage": "lost", "note": "车已卖"})
    with tenant(brand.pk):
        assert Member.objects.get().stage == "lost"
    page = signed_in.get(reverse("members:members-detail", args=[member.pk]))
    assert "车已卖" in page.content.decode()
    history = signed_in.get(reverse("members:lifecycle-history", args=[member.pk]))
    assert "车已卖" in history.content.decode()


def test_a_dealer_sees_the_board_of_their_own(client, brand, member):
    dealer = DealerFactory(brand=brand)
    MemberFactory(brand=brand, stage="growth", home_dealer=dealer)
    person = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=person, role="dealer_manager", dealer=dealer)
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(STAGES)
    assert sum(column["count"] for column in page.context["columns"]) == 1
    assert client.get(RULES).status_code == 403
    assert client.post(reverse("members:lifecycle-apply")).status_code == 403


@pytest.mark.parametrize(
    ("ago", "head", "why"),
    [
        (0, "今天进入此阶段", "录入以来一直处于该阶段"),
        (400, "已在此阶段 400 天", "系统中没有当时的变化记录"),
    ],
)
def test_a_stage_without_a_change_says_since_when_and_why_not(signed_in, brand, ago, head, why):
    since = timezone.localdate() - timedelta(days=ago)
    person = MemberFactory(brand=brand, stage="growth", stage_since=since)
    page = signed_in.get(reverse("members:members-detail", args=[person.pk])).content.decode()
    assert head in page
    assert why in page
