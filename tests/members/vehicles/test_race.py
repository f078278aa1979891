"""Two people hand on one car at once: one transfer takes place.

The control takes the lock and the database's constraints away, and the car has two owners.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import psycopg2
import pytest
from django.db import connection, connections
from django.utils import timezone

from core.kernel.access import system_viewer
from core.kernel.errors import DomainError
from core.kernel.scoping import tenant
from members.vehicles import services
from members.vehicles.models import Ownership, Vehicle
from tests.factories.members import MemberFactory, OwnershipFactory

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 10


def race(brand, held, buyers):
    """Transfer one car to several buyers at once; return what each was answered."""
    start = threading.Barrier(len(buyers))

    def hand_on(buyer):
        try:
            with tenant(brand.pk):
                ownership = Ownership.objects.get(pk=held.pk)
                start.wait()
                services.transfer(
                    ownership=ownership,
                    to=buyer,
                    on=date(2026, 5, 1),
                    actor=system_viewer(brand.pk),
                    now=timezone.now(),
                )
        except DomainError as refusal:
            return refusal.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(buyers)) as pool:
        return sorted(pool.map(hand_on, buyers))


def owned(statements):
    """Change the table as its owner may."""
    owner = psycopg2.connect(**connections["owner"].get_connection_params())
    owner.autocommit = True
    with owner.cursor() as cursor:
        cursor.execute(statements)
    owner.close()


def owners_now(brand, held):
    with tenant(brand.pk):
        return Ownership.objects.filter(vehicle_id=held.vehicle_id, ended_on=None).count()


def test_one_of_several_transfers_takes_place(brand):
    buyers = MemberFactory.create_batch(4, brand=brand)
    for _ in range(ROUNDS):
        held = OwnershipFactory(brand=brand)
        answers = race(brand, held, buyers)
        assert answers == ["done", *["ownership_ended"] * 3]
        assert owners_now(brand, held) == 1


def test_without_lock_and_constraint_a_car_gets_two_owners(brand, monkeypatch):
    """The control: the race is real."""
    held = OwnershipFactory(brand=brand)
    buyers = MemberFactory.create_batch(2, brand=brand)
    both_read = threading.Barrier(2)

    def unlocked(vehicle):
        return Vehicle.objects.get(pk=vehicle.pk)

    current = services._current

    def read_together(ownership):
        found = current(ownership)
        both_read.wait()
        return found

    monkeypatch.setattr(services, "_held_vehicle", unlocked)
    monkeypatch.setattr(services, "_current", read_together)
    drop = (
        "DROP INDEX members_ownership_one_current;"
        "ALTER TABLE members_ownership DROP CONSTRAINT members_ownership_no_overlap"
    )
    restore = (
        "CREATE UNIQUE INDEX members_ownership_one_current"
        " ON members_ownership (brand_id, vehicle_id) WHERE ended_on IS NULL;"
        "ALTER TABLE members_ownership ADD CONSTRAINT members_ownership_no_overlap"
        " EXCLUDE USING gist (vehicle_id WITH =, brand_id WITH =,"
        " daterange(delivered_on, ended_on) WITH &&)"
    )
    owned(drop)
    try:
        assert race(brand, held, buyers) == ["done", "done"]
        assert owners_now(brand, held) == 2
    finally:
        with tenant(brand.pk):
            Ownership.objects.all().delete()
        owned(restore)
