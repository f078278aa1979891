"""Invariant 1: no balance ever falls below zero, whoever spends at once.

Many spend the last points of a member at the same moment. The control takes away the lock, and
then what the database refuses besides, and the balance falls below zero.
"""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psycopg2
import pytest
from django.conf import settings
from django.db import IntegrityError, connection, connections
from django.utils import timezone

from core.kernel import invariants
from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from events.points import posting, services
from events.points.models import PointsEntry
from events.points.rules import Wanted
from tests.factories.members import MemberFactory
from tests.factories.points import balance, post

pytestmark = pytest.mark.django_db(transaction=True)
CLIENTS = int(os.environ.get("RACE_CLIENTS", "64"))
ROUNDS = int(os.environ.get("RACE_ROUNDS", "3"))


def spend(member, number, amount=-1):
    """Spend in a transaction of one's own; return whether it went through."""
    wanted = Wanted("points", "spend", amount, "race", f"{member.pk}-{number}")
    try:
        with tenant(member.brand_id):
            services.post(
                member=member,
                wanted=wanted,
                actor=system_viewer(member.brand_id),
                now=timezone.now(),
            )
    except (services.NotEnoughPoints, IntegrityError):
        return False
    finally:
        connection.close()
    return True


def broken(brand):
    """The names of the invariants of points that do not hold."""
    found = [i for name, i in invariants._invariants.items() if name.startswith("points: ")]
    assert len(found) == 5
    return [
        one.name
        for one in found
        if invariants.check(invariant=one, brand=brand, using="default").breaches
    ]


def test_the_last_points_are_spent_once(brand):
    with ThreadPoolExecutor(CLIENTS) as pool:
        for _round in range(ROUNDS):
            member = MemberFactory(brand=brand)
            post(member, 5)
            start = threading.Barrier(CLIENTS)

            def one(number, member=member, start=start):
                start.wait()
                return spend(member, number)

            done = list(pool.map(one, range(CLIENTS)))
            assert (sum(done), balance(member)) == (5, 0)
    assert broken(brand) == []


def test_one_movement_sent_by_many_at_once_moves_once(brand):
    member, start = MemberFactory(brand=brand), threading.Barrier(16)

    def send(_number):
        start.wait()
        rows = [
            {
                "member": member.pk,
                "ledger": "points",
                "kind": "earn",
                "amount": 10,
                "source": "race",
                "source_id": f"{n}",
            }
            for n in range(5)
        ]
        try:
            with tenant(brand.pk):
                found = services.post_batch(
                    rows=rows, actor=system_viewer(brand.pk), now=timezone.now()
                )
                return [row.outcome for row in found]
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        outcomes = [outcome for done in pool.map(send, range(16)) for outcome in done]
    assert outcomes.count("created") == 5
    assert outcomes.count("unchanged") == 75
    assert balance(member) == 50


def rivals(brand, monkeypatch, *, number=4):
    """Let some look at the balance together, before any of them writes; return what is left."""
    member = MemberFactory(brand=brand)
    post(member, 1)
    judge, meet = posting._recorded, threading.Barrier(number, timeout=1.0)

    def judge_together(*args):
        found = judge(*args)
        # Broken when the others wait for our lock, as they should.
        with suppress(threading.BrokenBarrierError):
            meet.wait()
        return found

    monkeypatch.setattr(posting, "_recorded", judge_together)
    with ThreadPoolExecutor(number) as pool:
        done = list(pool.map(lambda n: spend(member, n), range(number)))
    with tenant(brand.pk):
        sum_ = sum(PointsEntry.objects.filter(member=member).values_list("amount", flat=True))
    return sum(done), sum_


def unlocked(monkeypatch):
    monkeypatch.setattr(posting, "HOLD_BALANCES", posting.HOLD_BALANCES.replace("FOR UPDATE", ""))


@pytest.fixture
def no_check():
    """Take away what the database refuses besides, as its owner may."""
    owner = psycopg2.connect(**connections["owner"].get_connection_params())
    owner.autocommit = True
    name = "events_pointsbalance_not_negative"
    with owner.cursor() as cursor:
        cursor.execute(f"ALTER TABLE events_pointsbalance DROP CONSTRAINT {name}")
        yield
        cursor.execute(
            f"ALTER TABLE events_pointsbalance ADD CONSTRAINT {name} CHECK (balance >= 0) NOT VALID"
        )
    owner.close()


def test_the_lock_makes_rivals_come_one_after_the_other(brand, monkeypatch):
    assert rivals(brand, monkeypatch) == (1, 0)


def test_without_the_lock_the_database_refuses(brand, monkeypatch):
    unlocked(monkeypatch)
    assert rivals(brand, monkeypatch) == (1, 0)


def test_without_both_the_balance_falls_below_zero(brand, monkeypatch, no_check):
    """The negative control."""
    unlocked(monkeypatch)
    assert rivals(brand, monkeypatch) == (4, -3)
    assert "points: nobody has less than nothing" in broken(brand)


KILLED = """
import json, sys, django
django.setup()
from django.utils import timezone
from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from events.points import services
brand, rows = int(sys.argv[1]), json.loads(sys.argv[2])
with tenant(brand):
    services.post_batch(rows=rows, actor=system_viewer(brand), now=timezone.now())
"""


@pytest.mark.fault
def test_a_killed_batch_leaves_nothing_and_can_be_sent_again(brand):
    import json

    people = MemberFactory.create_batch(20, brand=brand)
    rows = [
        {
            "member": person.pk,
            "ledger": "points",
            "kind": "earn",
            "amount": 10,
            "source": "killed",
            "source_id": f"{person.pk}",
        }
        for person in people
    ]
    name = connection.settings_dict["NAME"]
    url, _, query = os.environ["DATABASE_URL"].partition("?")
    env = os.environ | {
        "DATABASE_URL": f"{url.rpartition('/')[0]}/{name}?{query}",
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
    }

    def send(**faults):
        return subprocess.run(
            [sys.executable, "-c", KILLED, str(brand.pk), json.dumps(rows)],
            env=env | faults,
            cwd=settings.BASE_DIR,
            check=False,
        ).returncode

    assert send(FAULT_POINTS="points.posted=kill") == -signal.SIGKILL
    assert sum(balance(person) for person in people) == 0
    assert send() == 0
    assert send() == 0
    assert [balance(person) for person in people] == [10] * 20
    assert broken(brand) == []
