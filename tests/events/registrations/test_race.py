"""Invariant 9: no event takes more people than it has places, whoever comes at once.

Many clients register, call off and check in at once while a batch does the same. The control takes
the lock and the database's count away, and the event overflows.
"""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psycopg2
import pytest
from django.db import connection, connections
from django.utils import timezone

from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from events.calendar import services as calendar
from events.calendar.models import Event
from events.registrations import batching, services
from events.registrations.models import Registration
from events.registrations.rules import State
from events.registrations.services import EventFull, NotNow, Wish
from tests.factories.events import EventFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db(transaction=True)
CLIENTS = int(os.environ.get("RACE_CLIENTS", "16"))
ROUNDS = int(os.environ.get("RACE_ROUNDS", "4"))
PLACES = 5


def put(event, member, state, actor):
    wish = Wish(event_id=event.pk, member_id=member.pk, state=State(state))
    with suppress(EventFull, NotNow):
        services.put(wish=wish, actor=actor, now=timezone.now())


def places(brand, event):
    """People counted in the rows, and as the event counts them."""
    with tenant(brand.pk):
        held = Registration.objects.filter(event=event).exclude(state="cancelled")
        return held.count(), Event.objects.get(pk=event.pk).taken


def test_the_last_places_go_to_as_many_as_there_are(brand):
    actor = system_viewer(brand.pk)
    members = MemberFactory.create_batch(CLIENTS, brand=brand)
    batched = MemberFactory.create_batch(CLIENTS, brand=brand)

    def come(event, member, start):
        start.wait()
        try:
            put(event, member, "registered", actor)
            if member.pk % 2:
                put(event, member, "cancelled", actor)
                put(event, member, "checked_in", actor)
        finally:
            connection.close()

    def send(event, start):
        rows = [{"event": event.pk, "member": m.pk, "state": "registered"} for m in batched]
        start.wait()
        with tenant(brand.pk):
            batching.put_rows(rows=rows, actor=actor, now=timezone.now())

    with ThreadPoolExecutor(CLIENTS) as pool:
        for _ in range(ROUNDS):
            event, start = (
                EventFactory(brand=brand, capacity=PLACES),
                threading.Barrier(CLIENTS + 1),
            )
            futures = [pool.submit(come, event, member, start) for member in members]
            send(event, start)
            for future in futures:
                future.result()
            assert places(brand, event) == (PLACES, PLACES)


@pytest.fixture
def no_count():
    """Take the database's own count of places away, as its owner may."""
    owner = psycopg2.connect(**connections["owner"].get_connection_params())
    owner.autocommit = True
    change = "ALTER TABLE events_registration {} TRIGGER events_registration_arrivals"
    with owner.cursor() as cursor:
        cursor.execute(change.format("DISABLE"))
        yield
        cursor.execute(change.format("ENABLE"))
    owner.close()


def rivals(brand, monkeypatch, *, number=3):
    """Let some find a place together, before any of them takes it."""
    actor = system_viewer(brand.pk)
    event = EventFactory(brand=brand, capacity=1)
    people = MemberFactory.create_batch(number, brand=brand)
    judge, meet = services.rules.judge, threading.Barrier(number, timeout=1.0)

    def judge_together(*args):
        found = judge(*args)
        # Broken when the others wait for our lock, as they should.
        with suppress(threading.BrokenBarrierError):
            meet.wait()
        return found

    monkeypatch.setattr(services.rules, "judge", judge_together)

    def come(member):
        try:
            put(event, member, "registered", actor)
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        for future in [pool.submit(come, member) for member in people]:
            future.result()
    return places(brand, event)[0]


def test_lock_makes_rivals_find_places_one_after_the_other(brand, monkeypatch):
    assert rivals(brand, monkeypatch) == 1


def test_without_lock_and_count_the_event_overflows(brand, monkeypatch, no_count):
    """The negative control: with both away, everybody takes the last place."""

    def unlocked(*, ids, actor):
        return Event.objects.visible_to(actor).in_bulk(ids)

    monkeypatch.setattr(calendar, "lock_events", unlocked)
    assert rivals(brand, monkeypatch) == 3
