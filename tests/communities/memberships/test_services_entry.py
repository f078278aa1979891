"""Seating by hand into a kind with an entry rule: answered with the rule, then a promotion."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from communities.memberships import services
from communities.memberships.models import Membership
from communities.policies.services import install_default_policies
from core.audit.models import AuditEntry
from core.kernel.scoping import tenant
from tests.communities.group_building.conftest import agree
from tests.factories.communities import CommunityFactory
from tests.factories.members import MemberFactory, OrderFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def policies(brand, actor):
    with tenant(brand.pk):
        install_default_policies(brand=brand, actor=actor, now=NOW)


@pytest.fixture
def member(brand):
    member = MemberFactory(brand=brand, display_name="王小明")
    agree(member)
    return member


def community(brand, kind="conversion"):
    return CommunityFactory(brand=brand, kind=kind, room_name_template="群 {n}")


def add(community, member, actor, **changes):
    return services.add_member(
        community_id=community.pk, member_id=member.pk, actor=actor, now=NOW, **changes
    )


def test_who_has_too_few_orders_is_told_so_and_not_seated(brand, policies, member, actor):
    OrderFactory(brand=brand, member=member, ordered_at=NOW)
    with pytest.raises(services.EntryNotMet) as refusal:
        add(community(brand), member, actor)
    assert refusal.value.facts == {"entry": "orders", "orders": 1, "orders_wanted": 2, "days": 180}
    with tenant(brand.pk):
        assert not Membership.objects.exists()


def test_promotion_seats_them_and_is_on_record(brand, policies, member, actor):
    seat = add(community(brand), member, actor, promote=True)
    assert seat.source == "promoted"
    with tenant(brand.pk):
        entry = AuditEntry.objects.get(action="community.member_promoted")
        assert (entry.data["member"], entry.data["orders"]) == (member.pk, 0)
        assert not AuditEntry.objects.filter(action="community.member_added").exists()


def test_who_meets_the_rule_is_just_added(brand, policies, member, actor):
    for days in (0, 180):
        at = NOW - timedelta(days=days)
        OrderFactory(brand=brand, member=member, ordered_at=at)
    assert add(community(brand), member, actor, promote=True).source == "manual"


def test_core_is_by_invitation(brand, policies, member, actor):
    core = community(brand, "core")
    with pytest.raises(services.EntryNotMet):
        add(core, member, actor)
    assert add(core, member, actor, promote=True).source == "promoted"


@pytest.mark.parametrize("kind", ["flash", "service"])
def test_open_kinds_ask_nothing(brand, policies, member, actor, kind):
    assert add(community(brand, kind), member, actor).source == "manual"


def test_form_answers_with_the_rule_before_confirming(signed_in, brand, policies, member):
    url = reverse("communities:memberships-add", args=[community(brand).pk])
    assert "180 天内至少下单 2 次" in signed_in.get(url).content.decode()
    body = {"member": member.pk, "role": "member", "q": "王"}
    answer = signed_in.post(url, body)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "有 0 笔订单" in page
    assert f'value="{member.pk}" checked' in page
    assert 'name="promote"' in page
    assert signed_in.post(url, body | {"promote": "on"}).status_code == 204
    with tenant(brand.pk):
        seat = Membership.objects.get()
        assert seat.source == "promoted"
    page = signed_in.get(reverse("communities:memberships-detail", args=[seat.pk]))
    assert "由运营人员晋级" in page.context["reasons"][0]


def test_rest_answers_409_and_takes_a_promotion(signed_in, brand, policies, member):
    body = {"community": community(brand).pk, "member": member.pk}
    url = "/api/v1/memberships/"
    answer = signed_in.post(url, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (409, "entry_not_met")
    answer = signed_in.post(url, body | {"promote": True}, content_type="application/json")
    assert (answer.status_code, answer.json()["source"]) == (201, "promoted")
