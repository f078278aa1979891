"""Invariant 2: no room is ever fuller than its cap, whoever comes at once.

Many clients join for the last seat of a room while a build run fills the same community. The
control takes the lock and the database's count away, and the room overflows.
"""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import psycopg2
import pytest
from django.db import connection, connections
from django.utils import timezone

from communities.communities import services as communities
from communities.communities.models import Community
from communities.group_building import services as builds
from communities.group_building.services import RuleWanted
from communities.memberships import services
from communities.memberships.models import Membership
from communities.policies.services import install_default_policies
from communities.rooms import services as rooms
from communities.rooms.models import Room
from core.kernel.access import system_viewer
from core.kernel.scoping import tenant
from core.runs.services import work_due
from tests.communities.group_building.conftest import agree
from tests.factories.communities import CommunityFactory, RoomFactory
from tests.factories.core import DealerFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db(transaction=True)

CLIENTS = int(os.environ.get("RACE_CLIENTS", "64"))
ROUNDS = int(os.environ.get("RACE_ROUNDS", "20"))
BUILT = 6  # people whom the run brings along, each round
CAP = 5


@pytest.fixture
def world(brand):
    """A rule by dealer whose community has one seat left in its only room."""
    actor, now = system_viewer(brand.pk), timezone.now()
    dealer = DealerFactory(brand=brand)
    with tenant(brand.pk):
        install_default_policies(brand=brand, actor=actor, now=now)
        rule = builds.create_rule(
            wanted=RuleWanted(name="Race", kind="service", group_by=("dealer",)),
            actor=actor,
            now=now,
        )
    return actor, dealer, rule


def last_seat(brand, dealer, rule):
    """A community of the rule with CAP - 1 seats taken in room 1."""
    with tenant(brand.pk):
        Community.objects.update(state="archived")
        Membership.objects.filter(left_at=None).update(left_at=timezone.now())
    community = CommunityFactory(
        brand=brand,
        dealer=dealer,
        build_rule_id=rule.pk,
        group_key=f"dealer={dealer.pk}",
        room_cap=CAP,
    )
    room = RoomFactory(brand=brand, community=community, number=1, cap=CAP)
    sitting = MemberFactory.create_batch(CAP - 1, brand=brand)
    now = timezone.now()
    with tenant(brand.pk):
        Membership.objects.bulk_create(
            Membership(
                brand=brand, community=community, room=room, member=m, source="api", joined_at=now
            )
            for m in sitting
        )
    return community


def taken(brand, community):
    """Seats taken by room, counted in the rows and not by the trigger."""
    with tenant(brand.pk):
        found = {}
        for room in Room.objects.filter(community=community).order_by("number"):
            seats = Membership.objects.filter(room=room, left_at=None).count()
            found[room.number] = (seats, room.member_count)
        return found


def test_last_seat_goes_to_one_and_nobody_is_left_standing(brand, world):
    actor, dealer, rule = world
    joiners = MemberFactory.create_batch(CLIENTS, brand=brand)
    built = MemberFactory.create_batch(BUILT, brand=brand, home_dealer=dealer)
    agree(*joiners, *built)
    start = threading.Barrier(CLIENTS + 1)

    def join(community_id, member_id):
        start.wait()
        try:
            services.add_member(
                community_id=community_id, member_id=member_id, actor=actor, now=timezone.now()
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(CLIENTS) as pool:
        for _ in range(ROUNDS):
            community = last_seat(brand, dealer, rule)
            with tenant(brand.pk):
                run = builds.plan_run(rule_id=rule.pk, actor=actor, now=timezone.now())
            work(brand)
            with tenant(brand.pk):
                builds.confirm_run(run_id=run.pk, actor=actor, now=timezone.now())
            futures = [pool.submit(join, community.pk, member.pk) for member in joiners]
            start.wait()
            work(brand)
            for future in futures:
                future.result()
            seats = taken(brand, community)
            assert all(rows == counted <= CAP for rows, counted in seats.values()), seats
            assert sum(rows for rows, _ in seats.values()) == CAP - 1 + CLIENTS + BUILT
            assert list(seats) == list(range(1, len(seats) + 1))
            assert len(seats) == -(-(CAP - 1 + CLIENTS + BUILT) // CAP)


def work(brand):
    work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(seconds=60))


@pytest.fixture
def no_count():
    """Take the database's own count of seats away, as its owner may."""
    owner = psycopg2.connect(**connections["owner"].get_connection_params())
    owner.autocommit = True
    change = "ALTER TABLE communities_membership {} TRIGGER communities_membership_arrivals"
    with owner.cursor() as cursor:
        cursor.execute(change.format("DISABLE"))
        yield
        cursor.execute(change.format("ENABLE"))
    owner.close()


def rivals(brand, world, monkeypatch, *, number=4):
    """Let some choose a room together, before any of them sits down."""
    actor, dealer, rule = world
    community = last_seat(brand, dealer, rule)
    people = MemberFactory.create_batch(number, brand=brand)
    agree(*people)
    choose, meet = rooms.room_with_a_seat, threading.Barrier(number, timeout=1.0)

    def choose_together(**kwargs):
        room = choose(**kwargs)
        # Broken when the others wait for our lock, as they should.
        with suppress(threading.BrokenBarrierError):
            meet.wait()
        return room

    monkeypatch.setattr(rooms, "room_with_a_seat", choose_together)

    def join(member):
        try:
            services.add_member(
                community_id=community.pk, member_id=member.pk, actor=actor, now=timezone.now()
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        for future in [pool.submit(join, member) for member in people]:
            future.result()
    return {number: rows for number, (rows, _) in taken(brand, community).items()}


def unlocked(*, community_id, actor):
    return Community.objects.visible_to(actor).get(pk=community_id)


def test_lock_makes_rivals_choose_one_after_the_other(brand, world, monkeypatch):
    assert rivals(brand, world, monkeypatch) == {1: 5, 2: 3}


def test_without_lock_and_count_the_room_overflows(brand, world, monkeypatch, no_count):
    """The negative control: with both away, all four take the last seat."""
    monkeypatch.setattr(communities, "lock_community", unlocked)
    assert max(rivals(brand, world, monkeypatch).values()) > CAP
