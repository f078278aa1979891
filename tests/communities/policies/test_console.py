import pytest
from django.urls import reverse
from django.utils import timezone

from communities.policies.models import CommunityPolicy
from communities.policies.services import install_default_policies
from core.kernel.scoping import tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def policies(brand, actor):
    with tenant(brand.pk):
        install_default_policies(brand=brand, actor=actor, now=timezone.now())


def terms(**changes):
    return {
        "policy_version": 1,
        "room_cap": 200,
        "name_template": "{city}群 {n}",
        "marketing_limit": 1,
        "marketing_window": "week",
        "marketing_gap_minutes": 0,
        "alert_percent": 80,
        "entry": "segment",
        "entry_orders": 2,
        "entry_days": 180,
        "lifespan": "long",
        "closing_hours": 24,
        "staff_least": 1,
        "staff_most": "",
        "staff_role": "",
    } | changes


def test_page_shows_the_four_kinds(signed_in, policies, query_budget):
    with query_budget(6):
        page = signed_in.get(reverse("communities:policies-list"))
    assert page.status_code == 200
    assert len(page.context["rows"]) == 4


def test_change_is_the_next_version(signed_in, brand, policies):
    url = reverse("communities:policies-edit", args=["service"])
    assert signed_in.get(url).status_code == 200
    answer = signed_in.post(url, terms(room_cap=120))
    assert answer.url == reverse("communities:policies-list")
    with tenant(brand.pk):
        held = CommunityPolicy.objects.get(kind="service", is_current=True)
        assert (held.policy_version, held.room_cap) == (2, 120)


def test_entry_is_changed_and_shown(signed_in, brand, policies):
    url = reverse("communities:policies-edit", args=["service"])
    assert signed_in.post(url, terms(entry="orders", entry_days=400)).status_code == 302
    page = signed_in.get(reverse("communities:policies-list")).content.decode()
    assert "400 天内至少下单 2 次，或由运营人员晋级" in page
    assert signed_in.post(url, terms(policy_version=2, entry="ticket")).status_code == 422


def test_lifespan_and_staff_are_changed_and_shown(signed_in, brand, policies):
    url = reverse("communities:policies-edit", args=["flash"])
    changes = {"lifespan": "event", "closing_hours": 12, "staff_most": 2, "staff_role": "活动专员"}
    assert signed_in.post(url, terms(**changes)).status_code == 302
    page = signed_in.get(reverse("communities:policies-list")).content.decode()
    assert "随活动结束，12 小时后关闭" in page
    assert "1–2 · 活动专员" in page
    assert "11月28日19点" not in page  # the template was changed with the rest
    answer = signed_in.post(url, terms(policy_version=2, staff_least=3, staff_most=2))
    assert "staff_most" in answer.context["form"].errors


def test_refused_form_keeps_what_was_typed(signed_in, brand, policies):
    url = reverse("communities:policies-edit", args=["service"])
    answer = signed_in.post(url, terms(name_template="{owner}群"))
    assert answer.status_code == 422
    assert "{owner}群" in answer.content.decode()
    assert "name_template" in answer.context["form"].errors
    with tenant(brand.pk):
        assert CommunityPolicy.objects.filter(kind="service").count() == 1


def test_unknown_kind_does_not_exist(signed_in, policies):
    url = reverse("communities:policies-edit", args=["party"])
    assert signed_in.get(url).status_code == 404
