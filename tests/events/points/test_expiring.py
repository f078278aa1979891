"""What runs out, and how much of it: the oldest earned is spent first."""

from datetime import UTC, datetime, timedelta

import pytest

from core.kernel.faults import InjectedFault
from events.points import services
from events.points.models import PointsBalance, PointsEntry
from members.merging import services as merging
from tests.factories.members import MemberFactory
from tests.factories.points import balance, post

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 1, tzinfo=UTC)


def day(number):
    return START + timedelta(days=number)


@pytest.fixture
def member(inside_brand):
    return MemberFactory(brand=inside_brand)


def earn(member, amount, on, ends=None):
    at, end = day(on), day(ends) if ends is not None else None
    return post(member, amount, now=at, occurred_at=at, expires_at=end)


def expire(member, on, **options):
    return services.expire_due(brand_id=member.brand_id, now=day(on), **options)


def ran_out(member):
    rows = PointsEntry.objects.filter(member=member, kind="expire").order_by("pk")
    return list(rows.values_list("reverses_id", "amount"))


def test_what_nobody_spent_goes_at_its_end(member):
    lot = earn(member, 100, 0, ends=10)
    post(member, -30, now=day(1))
    assert expire(member, 9) == 0
    assert expire(member, 10) == 1
    assert ran_out(member) == [(lot.pk, -70)]
    assert balance(member) == 0
    assert expire(member, 11) == 0
    [held] = PointsBalance.objects.filter(member=member, ledger="points")
    assert held.expired == 70


@pytest.mark.parametrize(("spent", "gone"), [(0, 50), (100, 50), (120, 30), (150, 0), (170, 0)])
def test_the_oldest_earned_is_spent_first(spent, gone, member):
    earn(member, 100, 0)
    lot = earn(member, 50, 1, ends=10)
    earn(member, 70, 2)
    if spent:
        post(member, -spent, now=day(3))
    expire(member, 10)
    assert ran_out(member) == ([(lot.pk, -gone)] if gone else [])
    assert balance(member) == 220 - spent - gone


def test_what_was_looked_at_is_not_again(member):
    """Points given back after the end stay, and a late row does not make it run out twice."""
    lot = earn(member, 100, 0, ends=10)
    spent = post(member, -100, now=day(1))
    assert expire(member, 10) == 1
    assert ran_out(member) == []
    services.reverse(entry=spent, reason="returned", actor=services_actor(member), now=day(11))
    post(member, 40, now=day(12), occurred_at=day(-5))
    assert expire(member, 20) == 0
    assert balance(member) == 140
    lot.refresh_from_db()
    assert lot.lapsed_at == day(10)


def services_actor(member):
    from core.kernel.access import system_viewer

    return system_viewer(member.brand_id)


def test_what_was_reversed_does_not_run_out_too(member):
    lot = earn(member, 100, 0, ends=10)
    services.reverse(
        entry=lot, amount=60, reason="mistake", actor=services_actor(member), now=day(2)
    )
    expire(member, 10)
    assert ran_out(member) == [(lot.pk, -40)]
    assert balance(member) == 0


def test_pending_and_contribution_do_not_run_out(member):
    waiting = post(member, 10, now=day(0), occurred_at=day(0), expires_at=day(5), pending=True)
    post(member, 10, now=day(0), ledger="contribution")
    assert expire(member, 6) == 0
    services.settle(entry=waiting, confirmed=True, actor=services_actor(member), now=day(6))
    assert expire(member, 7) == 1
    assert (balance(member), balance(member, "contribution")) == (0, 10)


def test_what_a_merge_brings_together_runs_out_once(member, actor):
    """Of the merged one's closed gains nothing runs out anew, though the other has older ones."""
    other = MemberFactory(brand=member.brand)
    earn(other, 100, 0, ends=10)
    post(other, -60, now=day(1))
    expire(other, 10)
    earn(member, 500, 0)
    merging.merge_members(winner_id=member.pk, loser_id=other.pk, actor=actor, now=day(11))
    assert expire(member, 20) == 0
    assert balance(member) == 500


def test_it_goes_on_where_it_broke(inside_brand, settings):
    people = MemberFactory.create_batch(5, brand=inside_brand)
    for person in people:
        earn(person, 10, 0, ends=5)
    assert expire(people[0], 6, limit=2) == 2
    settings.FAULT_POINTS = "points.expired=fail"
    with pytest.raises(InjectedFault):
        expire(people[0], 6, limit=2)
    settings.FAULT_POINTS = ""
    assert sum(balance(person) for person in people) == 30
    while expire(people[0], 6, limit=2):
        pass
    assert [balance(person) for person in people] == [0] * 5
    assert PointsEntry.objects.filter(kind="expire").count() == 5
