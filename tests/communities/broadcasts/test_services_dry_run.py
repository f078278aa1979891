"""Whom a broadcast would reach, and why others are left out."""

from datetime import time, timedelta

import pytest

from communities.broadcasts import services
from communities.broadcasts.audience import Audience
from communities.broadcasts.models import Delivery
from members.privacy.models import Consent
from tests.communities.broadcasts.conftest import (
    MONDAY,
    NOW,
    had_marketing,
    marketing,
    reasons,
    room_with,
)
from tests.factories.communities import (
    BroadcastFactory,
    CommunityFactory,
    DeliveryFactory,
    PolicyFactory,
    RoomFactory,
)
from tests.factories.core import CityFactory, DealerFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db


def test_counts_each_person_once(inside_brand):
    both, one = MemberFactory.create_batch(2, brand=inside_brand)
    room_with(inside_brand, both, one)
    room_with(inside_brand, both)
    plan = services.dry_run(broadcast=BroadcastFactory(brand=inside_brand), now=NOW)
    assert (len(plan.room_ids), plan.people, plan.seats) == (2, 2, 3)


def test_narrows_by_each_condition_given(inside_brand):
    dealer = DealerFactory(brand=inside_brand)
    fits = CommunityFactory(
        brand=inside_brand, kind="conversion", dealer=dealer, city=CityFactory()
    )
    other = CityFactory(code="3100", name="上海")
    wanted = room_with(inside_brand, community=fits)
    for fields in (
        {"kind": "service", "dealer": dealer, "city": fits.city},
        {"kind": "conversion", "city": fits.city},
        {"kind": "conversion", "dealer": dealer, "city": other},
    ):
        room_with(inside_brand, community=CommunityFactory(brand=inside_brand, **fields))
    audience = Audience(
        kinds=("conversion",), dealer_ids=(dealer.pk,), city_codes=(fits.city_id,)
    ).as_json()
    broadcast = BroadcastFactory(brand=inside_brand, audience=audience)
    assert services.dry_run(broadcast=broadcast, now=NOW).room_ids == [wanted.pk]


def test_a_dealers_broadcast_reaches_its_own_rooms_only(inside_brand):
    mine, other = DealerFactory.create_batch(2, brand=inside_brand)
    for dealer in (mine, other, None):
        community = CommunityFactory(brand=inside_brand, dealer=dealer)
        room_with(inside_brand, community=community)
    plan = services.dry_run(broadcast=BroadcastFactory(brand=inside_brand, dealer=mine), now=NOW)
    assert len(plan.verdicts) == 1


def test_tells_why_rooms_are_left_out(inside_brand):
    closing = CommunityFactory(brand=inside_brand, state="closing")
    room_with(inside_brand, community=closing)
    room_with(inside_brand, state="archived")
    RoomFactory(brand=inside_brand)
    room_with(inside_brand)
    gone = CommunityFactory(brand=inside_brand, state="archived")
    room_with(inside_brand, community=gone)
    plan = services.dry_run(broadcast=BroadcastFactory(brand=inside_brand), now=NOW)
    assert reasons(plan.exclusions) == {
        ("closed", ""): 1,
        ("archived", ""): 1,
        ("empty", ""): 1,
    }
    assert len(plan.room_ids) == 1


def test_an_archived_community_is_told_of_when_it_is_named(inside_brand):
    gone = CommunityFactory(brand=inside_brand, state="archived")
    room_with(inside_brand, community=gone)
    audience = Audience(community_ids=(gone.pk,)).as_json()
    broadcast = BroadcastFactory(brand=inside_brand, audience=audience)
    plan = services.dry_run(broadcast=broadcast, now=NOW)
    assert reasons(plan.exclusions) == {("closed", ""): 1}


def test_a_second_marketing_message_of_the_week_names_the_next_allowed_time(inside_brand):
    PolicyFactory(brand=inside_brand, kind="service")
    full, free = room_with(inside_brand), room_with(inside_brand)
    had_marketing(full, NOW - timedelta(days=3))
    plan = services.dry_run(broadcast=marketing(inside_brand), now=NOW)
    assert plan.room_ids == [free.pk]
    [exclusion] = plan.exclusions
    assert (exclusion.reason, exclusion.kind, exclusion.people) == ("quota", "service", 1)
    assert exclusion.next_allowed_at == MONDAY


def test_last_weeks_marketing_and_service_notices_do_not_count(inside_brand):
    PolicyFactory(brand=inside_brand, kind="service")
    room = room_with(inside_brand)
    had_marketing(room, NOW - timedelta(days=6))
    DeliveryFactory(brand=inside_brand, room=room, due_at=NOW, state="sent")
    assert services.dry_run(broadcast=marketing(inside_brand), now=NOW).room_ids == [room.pk]


def test_marketing_that_failed_or_was_cancelled_gives_its_allowance_back(inside_brand):
    PolicyFactory(brand=inside_brand, kind="service")
    room = room_with(inside_brand)
    had_marketing(room, NOW)
    Delivery.objects.update(state="failed")
    assert services.dry_run(broadcast=marketing(inside_brand), now=NOW).room_ids == [room.pk]


def test_quiet_hours_and_gaps_of_each_kind(inside_brand):
    PolicyFactory(
        brand=inside_brand,
        kind="conversion",
        marketing_limit=30,
        marketing_window="day",
        marketing_gap_minutes=20,
        quiet_from=time(21),
        quiet_until=time(9),
    )
    room = room_with(inside_brand, kind="conversion")
    had_marketing(room, NOW - timedelta(minutes=5))
    broadcast = marketing(inside_brand)
    [near] = services.dry_run(broadcast=broadcast, now=NOW).exclusions
    assert (near.reason, near.next_allowed_at) == ("gap", NOW + timedelta(minutes=15))
    broadcast.scheduled_at = NOW.replace(hour=22)
    [night] = services.dry_run(broadcast=broadcast, now=NOW).exclusions
    assert night.reason == "quiet_hours"
    assert night.next_allowed_at == NOW.replace(hour=9) + timedelta(days=1)


def test_a_kind_without_policy_gets_no_marketing(inside_brand):
    room_with(inside_brand)
    plan = services.dry_run(broadcast=marketing(inside_brand), now=NOW)
    assert reasons(plan.exclusions) == {("no_policy", "service"): 1}


def test_tells_how_many_people_have_not_agreed_to_marketing(inside_brand):
    PolicyFactory(brand=inside_brand, kind="service")
    agreed, silent, withdrew = MemberFactory.create_batch(3, brand=inside_brand)
    room_with(inside_brand, agreed, silent, withdrew)
    for member, ended in ((agreed, None), (withdrew, NOW)):
        Consent.objects.create(
            brand=inside_brand,
            member=member,
            purpose="marketing",
            given_at=NOW,
            withdrawn_at=ended,
        )
    plan = services.dry_run(broadcast=marketing(inside_brand), now=NOW)
    assert (plan.people, plan.no_consent) == (3, 2)


def test_tells_where_a_variable_has_nothing_to_say(inside_brand):
    room_with(inside_brand)
    broadcast = BroadcastFactory(brand=inside_brand, body="{城市}的朋友，{room}")
    assert services.dry_run(broadcast=broadcast, now=NOW).fallbacks == {"city": 1}


def test_writes_nothing_and_takes_few_queries(inside_brand, django_assert_max_num_queries):
    PolicyFactory(brand=inside_brand, kind="service")
    for _ in range(5):
        had_marketing(room_with(inside_brand), NOW)
    broadcast = marketing(inside_brand, body="{city}")
    with django_assert_max_num_queries(8):
        services.dry_run(broadcast=broadcast, now=NOW)
