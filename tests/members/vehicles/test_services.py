from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction

from core.kernel.errors import InvalidInput
from members.vehicles import selectors, services
from members.vehicles.models import MileageReading, Ownership, ServiceVisit, Vehicle
from members.vehicles.services import Car, OwnershipEnded, OwnershipOverlaps, VehicleOwned
from tests.factories.core import DealerFactory
from tests.factories.members import (
    MemberFactory,
    OwnershipFactory,
    VehicleFactory,
    VehicleModelFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside_brand")]
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
VIN = "LSVAM4187C2184847"  # its check digit is right
WRONG_DIGIT = "LSVAM4180C2184847"


@pytest.fixture
def member(brand):
    return MemberFactory(brand=brand)


@pytest.fixture
def model(brand):
    return VehicleModelFactory(brand=brand)


def add(member, model, actor, vin=VIN, day=date(2024, 3, 1), **car):
    return services.add_ownership(
        member=member, car=Car(vin, model, **car), delivered_on=day, actor=actor, now=NOW
    )


def test_a_car_is_taken_in_once_however_its_vin_is_typed(member, model, actor):
    held = add(member, model, actor, vin=" lsvam4187c2184847 ")
    assert held.vehicle.vin_tail == "184847"
    services.end_ownership(ownership=held, ended_on=date(2025, 1, 1), actor=actor, now=NOW)
    again = add(
        member, model, actor, vin="ＬＳＶＡＭ４１８７Ｃ２１８４８４７", day=date(2025, 2, 1)
    )
    assert again.vehicle == held.vehicle
    assert Vehicle.objects.count() == 1


@pytest.mark.parametrize(
    ("vin", "code"),
    [
        ("LSVAM4187C218484", "vin_length"),
        ("LSVAM4187C21848477", "vin_length"),
        ("LSVAM4187C218484O", "vin_letters"),
        ("LSVAM4187C218I847", "vin_letters"),
        ("LSVAM4187C218Q847", "vin_letters"),
        (WRONG_DIGIT, "vin_check_digit"),
    ],
)
def test_what_is_no_vin_is_refused(member, model, actor, vin, code):
    with pytest.raises(InvalidInput) as refusal:
        add(member, model, actor, vin=vin)
    assert refusal.value.problems[0].code == code
    assert refusal.value.problems[0].pointer == "/vin"


def test_a_car_built_abroad_needs_no_check_digit(member, model, actor):
    assert add(member, model, actor, vin=WRONG_DIGIT, is_domestic=False).ended_on is None


def test_a_car_that_somebody_owns_is_not_added_twice(brand, member, model, actor):
    add(member, model, actor)
    with pytest.raises(VehicleOwned):
        add(MemberFactory(brand=brand), model, actor, day=date(2025, 1, 1))


def test_a_car_is_not_owned_while_somebody_else_had_it(brand, member, model, actor):
    held = add(member, model, actor)
    services.end_ownership(ownership=held, ended_on=date(2025, 1, 1), actor=actor, now=NOW)
    with pytest.raises(OwnershipOverlaps):
        add(MemberFactory(brand=brand), model, actor, day=date(2024, 12, 31))
    assert add(MemberFactory(brand=brand), model, actor, day=date(2025, 1, 1)).ended_on is None


def test_the_database_itself_keeps_times_apart(brand, member):
    held = OwnershipFactory(brand=brand, ended_on=date(2025, 1, 1))
    with pytest.raises(IntegrityError, match="members_ownership_no_overlap"), transaction.atomic():
        OwnershipFactory(
            brand=brand,
            vehicle=held.vehicle,
            member=member,
            delivered_on=date(2024, 6, 1),
            ended_on=date(2024, 7, 1),
        )


def test_a_transfer_ends_one_ownership_and_begins_the_other(brand, member, model, actor):
    held, buyer = add(member, model, actor), MemberFactory(brand=brand)
    day = date(2026, 5, 1)
    fresh = services.transfer(ownership=held, to=buyer, on=day, actor=actor, now=NOW)
    rows = Ownership.objects.order_by("pk").values_list("member_id", "delivered_on", "ended_on")
    assert list(rows) == [
        (member.pk, date(2024, 3, 1), day),
        (buyer.pk, day, None),
    ]
    with pytest.raises(OwnershipEnded):
        services.transfer(ownership=held, to=buyer, on=day, actor=actor, now=NOW)
    assert fresh.vehicle == held.vehicle


def test_a_transfer_to_its_owner_or_before_the_delivery_is_refused(brand, member, model, actor):
    held = add(member, model, actor)
    for to, day, pointer in [
        (member, date(2026, 5, 1), "/to"),
        (MemberFactory(brand=brand), date(2024, 2, 29), "/on"),
        (MemberFactory(brand=brand), date(2026, 11, 24), "/on"),
    ]:
        with pytest.raises(InvalidInput) as refusal:
            services.transfer(ownership=held, to=to, on=day, actor=actor, now=NOW)
        assert refusal.value.problems[0].pointer == pointer
    assert Ownership.objects.count() == 1


def read(vehicle, day, km, actor, reason=""):
    return services.record_reading(
        vehicle=vehicle, read_on=day, km=km, reason=reason, actor=actor, now=NOW
    )


def test_mileage_falls_only_with_a_reason(brand, actor):
    car = VehicleFactory(brand=brand)
    read(car, date(2026, 1, 1), 10_000, actor)
    with pytest.raises(InvalidInput) as refusal:
        read(car, date(2026, 2, 1), 9_999, actor)
    assert refusal.value.problems[0].code == "mileage_decreases"
    read(car, date(2026, 3, 1), 120, actor, reason="更换仪表")
    car.refresh_from_db()
    assert car.mileage_km == 120


def test_a_reading_between_two_others_has_to_fit_both(brand, actor):
    car = VehicleFactory(brand=brand)
    read(car, date(2026, 1, 1), 10_000, actor)
    read(car, date(2026, 3, 1), 20_000, actor)
    with pytest.raises(InvalidInput):
        read(car, date(2026, 2, 1), 20_001, actor)
    read(car, date(2026, 2, 1), 15_000, actor)
    car.refresh_from_db()
    assert car.mileage_km == 20_000
    assert MileageReading.objects.count() == 3


def test_the_mileage_a_car_came_with_counts(brand, actor):
    car = VehicleFactory(brand=brand, mileage_km=50_000)
    with pytest.raises(InvalidInput):
        read(car, date(2026, 2, 1), 49_000, actor)
    read(car, date(2026, 2, 1), 51_000, actor)


def test_a_visit_brings_its_mileage(brand, actor):
    car = VehicleFactory(brand=brand)
    visit = services.record_visit(
        vehicle=car,
        visited_on=date(2026, 4, 1),
        kind="maintenance",
        mileage_km=12_345,
        amount_fen=880_00,
        actor=actor,
        now=NOW,
    )
    assert ServiceVisit.objects.get() == visit
    car.refresh_from_db()
    assert car.mileage_km == 12_345
    with pytest.raises(InvalidInput) as refusal:
        services.record_visit(
            vehicle=car,
            visited_on=date(2026, 5, 1),
            kind="repair",
            mileage_km=1,
            actor=actor,
            now=NOW,
        )
    assert refusal.value.problems[0].pointer == "/mileage_km"
    assert ServiceVisit.objects.count() == 1


def test_who_saw_the_former_owner_only_neither_sees_nor_writes_what_came_after(brand, actor):
    mine, theirs = DealerFactory.create_batch(2, brand=brand)
    car, sold = VehicleFactory(brand=brand), date(2026, 5, 1)
    for dealer, since, until in ((mine, date(2024, 1, 1), sold), (theirs, sold, None)):
        owner = MemberFactory(brand=brand, home_dealer=dealer)
        OwnershipFactory(brand=brand, vehicle=car, member=owner, delivered_on=since, ended_on=until)
    days = (date(2026, 4, 30), date(2026, 5, 1))
    for km, day in enumerate(days, 100):
        services.record_visit(
            vehicle=car, visited_on=day, kind="repair", mileage_km=km, actor=actor, now=NOW
        )
    former, present = (
        replace(actor, dealer_ids=frozenset({dealer.pk})) for dealer in (mine, theirs)
    )
    for viewer, seen in ((former, days[:1]), (present, days), (actor, days)):
        told = selectors.history_of(vehicle=car, viewer=viewer)
        assert sorted(visit.visited_on for visit in told.visits) == list(seen)
        assert sorted(reading.read_on for reading in told.readings) == list(seen)
    for act in ("reading", "visit"):
        with pytest.raises(InvalidInput) as refusal:
            write(act, car, sold, former)
        assert refusal.value.problems[0].code == "out_of_sight"
        write(act, car, sold, present)


def write(act, car, day, actor):
    """Write that the car was serviced or its odometer read on a day."""
    if act == "visit":
        services.record_visit(vehicle=car, visited_on=day, kind="repair", actor=actor, now=NOW)
    else:
        services.record_reading(vehicle=car, read_on=day, km=200, actor=actor, now=NOW)
