"""Who may enter by the policy of the kind: orders in a window, or an operator's word."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from communities.communities.models import Community
from communities.group_building import candidates, checking, selectors, services
from communities.group_building.rules import Plan
from communities.memberships.models import Membership
from communities.policies.services import change_policy
from core.kernel.errors import InvalidInput
from core.kernel.scoping import tenant
from members.orders.models import Order
from members.privacy.models import Consent
from members.segments.models import Segment
from tests.factories.members import MemberFactory, OrderFactory

pytestmark = pytest.mark.django_db


def orders(member, *days_ago):
    for days in days_ago:
        at = timezone.now() - timedelta(days=days)
        OrderFactory(brand=member.brand, member=member, ordered_at=at)


@pytest.fixture
def buyers(people):
    """Of 滨江: two orders today, two within the window, one, two of which one is old."""
    for member, days in zip(people, ([0, 0], [1, 179], [3], [5, 200]), strict=False):
        orders(member, *days)
    return people[:2]


@pytest.fixture
def by_dealer(make_rule):
    return lambda **changes: make_rule(kind="conversion", **changes)


@pytest.fixture
def segment(brand, people):
    tree = {"op": "all", "items": [{"field": "city", "cmp": "in", "value": ["3301"]}]}
    now = timezone.now()
    with tenant(brand.pk):
        return Segment.objects.create(
            brand=brand, name="杭州", tree=tree, created_at=now, updated_at=now
        )


def seated(brand):
    with tenant(brand.pk):
        return set(Membership.objects.values_list("member_id", flat=True))


def test_who_has_too_few_orders_in_the_window_is_left_out(
    brand, people, buyers, by_dealer, preview, apply
):
    run = preview(by_dealer())
    assert (run.preview["placed"], run.preview["exclusions"]) == (2, {"no_entry": 6})
    with tenant(brand.pk):
        examples = selectors.examples_of(run=run)
        assert {one.exclusion for one in examples} == {"", "no_entry"}
        assert candidates.of_member(run=run, member_id=people[3].pk).exclusion == "no_entry"
    apply(run)
    assert seated(brand) == {member.pk for member in buyers}


def test_other_reasons_come_first(brand, people, buyers, by_dealer, preview):
    with tenant(brand.pk):
        Consent.objects.filter(member=people[7]).delete()
    assert preview(by_dealer()).preview["exclusions"] == {"no_consent": 1, "no_entry": 5}


def test_orders_are_looked_up_again_when_it_applies(
    brand, people, buyers, by_dealer, preview, apply
):
    run = preview(by_dealer())
    with tenant(brand.pk):
        Order.objects.filter(member=buyers[0]).update(ordered_at=timezone.now() - timedelta(300))
    run = apply(run)
    assert (run.report["placed"], run.report["drops"]) == (1, {"no_entry": 1})
    assert seated(brand) == {buyers[1].pk}
    with tenant(brand.pk):
        kept = candidates.of_member(run=run, member_id=buyers[0].pk)
        assert (kept.group_no, kept.exclusion) == (1, "no_entry")


def test_brand_sets_its_own_number_and_window(brand, actor, people, buyers, by_dealer, preview):
    rule = by_dealer()
    changes = {"entry_orders": 1, "entry_days": 3}
    with tenant(brand.pk):
        change_policy(
            kind="conversion", changes=changes, policy_version=1, actor=actor, now=timezone.now()
        )
    assert preview(rule).preview["placed"] == 3  # three days ago is the first day of the window


def test_orders_of_other_brands_do_not_count(brand, people, by_dealer, preview):
    orders(MemberFactory(), 1, 1, 1)
    assert preview(by_dealer()).preview["exclusions"] == {"no_entry": 8}


def test_rule_that_promotes_its_segment_lets_everybody_of_it_in(
    brand, people, buyers, segment, by_dealer, preview, apply, signed_in
):
    run = preview(by_dealer(segment_id=segment.pk, promotes=True))
    assert (run.preview["placed"], run.preview["promoted"]) == (5, 3)
    page = signed_in.get(reverse("communities:build-runs-detail", args=[run.pk])).content.decode()
    assert "其中 3 人不符合入群条件" in page
    run = apply(run)
    assert run.report["placed"] == 5
    with tenant(brand.pk):
        seat = Membership.objects.select_related("room").get(member=people[4])
        assert any("晋级" in why for why in selectors.reasons_for(seat=seat))


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [({"kind": "conversion", "promotes": True}, "/promotes"), ({"kind": "core"}, "/segment")],
)
def test_promotion_and_screening_are_of_a_segment(make_rule, changes, pointer):
    with pytest.raises(InvalidInput) as refusal:
        make_rule(name_template="{dealer}核心群", **changes)
    assert [problem.pointer for problem in refusal.value.problems] == [pointer]


def test_core_groups_are_built_from_the_screened(brand, people, segment, make_rule, preview, apply):
    rule = make_rule(kind="core", name_template="{dealer}核心群", segment_id=segment.pk)
    assert apply(preview(rule)).report["placed"] == 5


def test_kind_that_became_by_invitation_refuses_the_next_run(brand, actor, people, make_rule):
    rule = make_rule()
    with tenant(brand.pk):
        change_policy(
            kind="service",
            changes={"entry": "invitation"},
            policy_version=1,
            actor=actor,
            now=timezone.now(),
        )
        with pytest.raises(InvalidInput) as refusal:
            services.plan_run(rule_id=rule.pk, actor=actor, now=timezone.now())
    assert refusal.value.problems[0].code == "needs_screening"


def test_service_groups_ask_orders_nothing(brand, people, make_rule, preview, apply):
    rule = make_rule()
    with CaptureQueriesContext(connection) as queries:
        apply(preview(rule))
    assert not [one["sql"] for one in queries if "members_order" in one["sql"]]


def test_run_planned_before_there_were_entry_rules_asks_for_nothing(brand, actor, by_dealer):
    rule = by_dealer()
    with tenant(brand.pk):
        stored = checking.frozen(rule, actor, timezone.now()).as_json()
    assert Plan.of(stored).looks_at_orders
    for name in ("entry", "entry_orders", "entry_days", "promotes"):
        del stored[name]
    assert not Plan.of(stored).looks_at_orders


def test_rule_is_written_and_changed_by_rest(signed_in, brand, policies, segment):
    body = {"name": "A", "kind": "conversion", "group_by": ["dealer"], "segment": segment.pk}
    url = "/api/v1/build-rules/"
    made = signed_in.post(url, body | {"promotes": True}, content_type="application/json").json()
    assert made["promotes"] is True
    kept = signed_in.patch(
        f"{url}{made['id']}/", {"version": 1, "topic": "x"}, content_type="application/json"
    ).json()
    assert (kept["promotes"], kept["topic"]) == (True, "x")
    answer = signed_in.post(
        url, body | {"name": "B", "kind": "core", "segment": None}, content_type="application/json"
    )
    assert answer.status_code == 422
    with tenant(brand.pk):
        assert not Community.objects.exists()
