"""Who takes delivery or gives a sign of life moves at once, whichever door it comes in by."""

from datetime import UTC, date, datetime, timedelta

import pytest

from members.lifecycle.models import StageChange
from members.profiles import services as profiles
from members.profiles.models import Member
from members.vehicles import services as vehicles
from members.vehicles.services import Car
from tests.factories.members import (
    MemberFactory,
    OwnershipFactory,
    VehicleFactory,
    VehicleModelFactory,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)
TODAY = date(2026, 11, 23)
MIDNIGHT = datetime(2026, 11, 22, 16, tzinfo=UTC)  # of today, in Shanghai
VIN = "LSVAM4187C2184847"


def stage(member):
    member.refresh_from_db()
    return member.stage


def changes():
    rows = StageChange.objects.order_by("id")
    return list(rows.values_list("from_stage", "to_stage", "reason"))


def add(member, day, actor):
    return vehicles.add_ownership(
        member=member,
        car=Car(VIN, VehicleModelFactory(brand=member.brand)),
        delivered_on=day,
        actor=actor,
        now=NOW,
    )


def visit(car, day, actor):
    return vehicles.record_visit(vehicle=car, visited_on=day, kind="repair", actor=actor, now=NOW)


def test_a_car_entered_by_hand_begins_the_introduction(inside_brand, actor):
    member = MemberFactory(brand=inside_brand, created_at=NOW - timedelta(days=9))
    add(member, TODAY - timedelta(days=2), actor)
    assert stage(member) == "introduction"
    assert changes() == [("prospect", "introduction", "delivered")]


def test_a_car_had_for_long_leads_to_growth(inside_brand, actor):
    member = MemberFactory(brand=inside_brand, created_at=NOW)
    add(member, TODAY - timedelta(days=200), actor)
    assert stage(member) == "growth"


def test_a_transfer_moves_who_takes_the_car(inside_brand, actor):
    seller = MemberFactory(brand=inside_brand, stage="growth", created_at=NOW)
    buyer = MemberFactory(brand=inside_brand, created_at=NOW)
    held = OwnershipFactory(brand=inside_brand, member=seller, delivered_on=date(2026, 1, 1))
    vehicles.transfer(ownership=held, to=buyer, on=TODAY, actor=actor, now=NOW)
    assert (stage(buyer), stage(seller)) == ("introduction", "growth")
    assert changes() == [("prospect", "introduction", "delivered")]


def test_a_transfer_also_looks_at_who_gives_the_car_up(inside_brand, actor):
    seller = MemberFactory(brand=inside_brand, stage="prospect", created_at=NOW)
    held = OwnershipFactory(brand=inside_brand, member=seller, delivered_on=date(2026, 1, 1))
    buyer = MemberFactory(brand=inside_brand, created_at=NOW)
    vehicles.transfer(ownership=held, to=buyer, on=TODAY, actor=actor, now=NOW)
    assert stage(seller) == "growth"  # They had it; only the night had not said so yet.


def test_a_visit_brings_its_owner_back(inside_brand, actor):
    member = MemberFactory(brand=inside_brand, stage="dormant", created_at=LONG_AGO)
    held = OwnershipFactory(brand=inside_brand, member=member, delivered_on=date(2025, 11, 1))
    visit(held.vehicle, TODAY, actor)
    assert stage(member) == "growth"
    assert member.last_active_at == MIDNIGHT
    assert changes() == [("dormant", "growth", "back")]


def test_a_visit_is_its_owners_of_that_day(inside_brand, actor):
    car = VehicleFactory(brand=inside_brand)
    times = [(date(2024, 1, 1), date(2025, 1, 1)), (date(2025, 1, 1), None)]
    before, after = (
        OwnershipFactory(brand=inside_brand, vehicle=car, delivered_on=start, ended_on=end).member
        for start, end in times
    )
    visit(car, date(2024, 12, 31), actor)
    assert Member.objects.get(pk=after.pk).last_active_at is None
    before.refresh_from_db()
    assert before.last_active_at == datetime(2024, 12, 30, 16, tzinfo=UTC)
    visit(car, date(2025, 1, 1), actor)
    assert Member.objects.get(pk=after.pk).last_active_at is not None


def test_an_earlier_visit_lowers_nothing(inside_brand, actor):
    held = OwnershipFactory(brand=inside_brand)
    Member.objects.filter(pk=held.member_id).update(last_active_at=NOW)
    visit(held.vehicle, date(2026, 11, 1), actor)
    visit(held.vehicle, TODAY, actor)
    assert Member.objects.get(pk=held.member_id).last_active_at == NOW


def test_a_visit_of_nobodys_car_is_kept(inside_brand, actor):
    assert visit(VehicleFactory(brand=inside_brand), TODAY, actor).pk


def test_activity_is_never_ahead_and_never_lowered(inside_brand):
    member = MemberFactory(brand=inside_brand)

    def mark(at, **how):
        met = {member.pk: at}
        profiles.mark_active(brand_id=inside_brand.pk, met=met, now=NOW, **how)
        member.refresh_from_db()
        return member.last_active_at

    assert mark(NOW - timedelta(hours=3)) == NOW - timedelta(hours=3)
    assert mark(NOW - timedelta(hours=1), by_day=True) == NOW - timedelta(hours=3)
    assert mark(NOW - timedelta(days=1)) == NOW - timedelta(hours=3)
    assert mark(NOW + timedelta(days=1)) == NOW


def test_activity_of_another_brands_member_is_nobodys(inside_brand):
    other = MemberFactory()
    profiles.mark_active(brand_id=inside_brand.pk, met={other.pk: NOW}, now=NOW)
    assert not Member.objects.filter(last_active_at__isnull=False).exists()
